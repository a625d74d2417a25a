#include "rate.h"

#include <chrono>
#include <cmath>

namespace carbon_spool {
namespace {

constexpr double kSmoothedOver = 10;  // seconds

}  // namespace

void Rate::add(std::uint64_t events, Moment now) {
  rate_ = per_second(now) + static_cast<double>(events) / kSmoothedOver;
  updated_ = now;
}

double Rate::per_second(Moment now) const {
  const double age = std::chrono::duration<double>(now - updated_).count();
  return rate_ * std::exp(-age / kSmoothedOver);
}

}  // namespace carbon_spool
