#include "carry_budget.h"

#include <algorithm>

namespace carbon_spool {
namespace {

constexpr Milliseconds kLongestTimeout = std::chrono::hours(1);
constexpr std::uint64_t kOneBatch = 1;  // bytes: nothing more fits after the first

}  // namespace

CarryBudget::CarryBudget(std::uint64_t most_bytes, Milliseconds confirm_timeout)
    : most_bytes_(std::max(most_bytes, kOneBatch)),
      least_timeout_(confirm_timeout),
      bytes_(most_bytes_),
      timeout_(confirm_timeout) {}

void CarryBudget::ended_clean(std::uint64_t carried) {
  bytes_ = std::min(most_bytes_, 2 * std::max(bytes_, carried));
  timeout_ = std::max(timeout_ / 2, least_timeout_);
}

void CarryBudget::ended_unclean(std::uint64_t carried, std::uint64_t batches) {
  if (carried == 0) return;
  // Half of what it really carried: half of a limit that was not reached would change nothing.
  bytes_ = batches <= 1 ? kOneBatch : std::max(std::min(bytes_, carried) / 2, kOneBatch);
}

void CarryBudget::timed_out(std::uint64_t carried, std::uint64_t batches) {
  if (batches <= 1) timeout_ = std::max(std::min(timeout_ * 2, kLongestTimeout), least_timeout_);
  ended_unclean(carried, batches);
}

}  // namespace carbon_spool
