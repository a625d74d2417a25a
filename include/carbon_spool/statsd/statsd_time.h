#pragma once

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/wire/javascript_number.h"

namespace carbon_spool {

/// StatsD's time: Unix seconds, rounded to the nearest.
[[nodiscard]] inline UnixSeconds statsd_seconds(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<Milliseconds>(time.time_since_epoch());
  return static_cast<UnixSeconds>(javascript_round(static_cast<double>(since.count()) / 1000));
}

}  // namespace carbon_spool
