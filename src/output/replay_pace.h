#pragma once

#include <cstdint>

#include "carbon_spool/base/units.h"

#include "moment.h"

namespace carbon_spool {

/// Bounds how fast a backlog is sent, in points per second. Batches are sent whole, so each may go
/// into debt, which the next ones wait for: over a few batches the rate is exact.
class ReplayPace {
 public:
  /// 0: unlimited.
  explicit ReplayPace(std::uint64_t points_per_second);

  [[nodiscard]] bool may_send(Moment now) const { return credit(now) >= 0; }
  void sent(std::uint64_t points, Moment now);
  /// When `may_send` will be true.
  [[nodiscard]] Moment next(Moment now) const;

 private:
  [[nodiscard]] double credit(Moment now) const;  ///< points

  const double per_second_;
  double credit_ = 0;  ///< points, at `counted_`
  Moment counted_{};
};

}  // namespace carbon_spool
