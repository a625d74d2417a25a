#include "progress.h"

#include <iostream>

#include <unistd.h>

namespace carbon_spool {
namespace {

constexpr const char* kFromTheStart = "\r\x1b[K";  // of the line, which is cleared

}  // namespace

Progress::~Progress() {
  if (shown_) std::cerr << kFromTheStart << std::flush;
}

void Progress::show(std::uint64_t done, std::uint64_t of) {
  const auto now = std::chrono::steady_clock::now();
  if (of == 0 || now < next_ || ::isatty(STDERR_FILENO) != 1) return;
  next_ = now + kPeriod;
  shown_ = true;
  std::cerr << kFromTheStart << what_ << ": " << done * 100 / of << " % of " << of << " batches"
            << std::flush;
}

}  // namespace carbon_spool
