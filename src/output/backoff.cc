#include "backoff.h"

#include <algorithm>

namespace carbon_spool {
namespace {

constexpr Milliseconds kFirst{100};

}  // namespace

Milliseconds Backoff::next() {
  const Milliseconds full = std::min(delay_, longest_);
  delay_ = delay_.count() == 0 ? kFirst : std::min(delay_ * 2, longest_);
  std::uniform_int_distribution<Milliseconds::rep> shorter(full.count() / 2, full.count());
  return Milliseconds(shorter(random_));
}

}  // namespace carbon_spool
