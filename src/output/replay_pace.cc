#include "replay_pace.h"

#include <algorithm>
#include <chrono>

namespace carbon_spool {
namespace {

/// What may be saved up while the sender sleeps too long or the peer is slow.
constexpr double kMostCreditSeconds = 0.2;

}  // namespace

ReplayPace::ReplayPace(std::uint64_t points_per_second)
    : per_second_(static_cast<double>(points_per_second)) {}

void ReplayPace::sent(std::uint64_t points, Moment now) {
  credit_ = credit(now) - static_cast<double>(points);
  counted_ = now;
}

Moment ReplayPace::next(Moment now) const {
  if (may_send(now)) return now;
  const std::chrono::duration<double> wait(-credit(now) / per_second_);
  return now + std::chrono::ceil<Milliseconds>(wait);
}

double ReplayPace::credit(Moment now) const {
  if (per_second_ == 0) return 0;
  const double seconds = std::chrono::duration<double>(now - counted_).count();
  return std::min(credit_ + seconds * per_second_, kMostCreditSeconds * per_second_);
}

}  // namespace carbon_spool
