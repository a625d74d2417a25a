#pragma once

#include <cstdint>

#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// How much a connection may carry before it is confirmed, and how long its confirmation may take.
///
/// A server that dies on every large gulp must still get through: after an unclean end a connection
/// carries half of what the failed one carried, in the end a single batch; after a clean one twice
/// as much. A peer that reads one kilobyte a second must get through as well: when even a single
/// batch is not confirmed in time, the time is doubled.
class CarryBudget {
 public:
  CarryBudget(std::uint64_t most_bytes, Milliseconds confirm_timeout);

  /// True if a connection that has taken `carried` bytes may take one more batch. The first always
  /// fits, so a connection may end up to one batch above the limit.
  [[nodiscard]] bool has_room(std::uint64_t carried) const { return carried < bytes_; }
  /// True when it is time to open the next connection.
  [[nodiscard]] bool nearly_used(std::uint64_t carried) const { return carried >= bytes_ / 2; }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] Milliseconds confirm_timeout() const { return timeout_; }

  void ended_clean(std::uint64_t carried);
  void ended_unclean(std::uint64_t carried, std::uint64_t batches);
  /// An unclean end because the peer was silent for `confirm_timeout`. `carried` 0 says nothing
  /// about how much a connection may carry.
  void timed_out(std::uint64_t carried, std::uint64_t batches);

 private:
  const std::uint64_t most_bytes_;
  const Milliseconds least_timeout_;
  std::uint64_t bytes_;
  Milliseconds timeout_;
};

}  // namespace carbon_spool
