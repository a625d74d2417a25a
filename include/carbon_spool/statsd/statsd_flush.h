#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/statsd/statsd_interval.h"
#include "carbon_spool/statsd/statsd_options.h"

namespace carbon_spool {

/// How the last flush went: the next one says so, as metrics of StatsD itself.
struct StatsdFlushStats {
  UnixSeconds last_flush = 0;      ///< when one last went well; at first the start
  UnixSeconds last_exception = 0;  ///< when points of one were last dropped; 0: never
  Milliseconds flush_time{0};      ///< that handing over took
  std::uint64_t flush_length = 0;  ///< bytes of all its lines
};

/// Turns an interval into lines of the Graphite plaintext protocol, with the names of StatsD's own
/// Graphite backend (`backends/graphite.js`). Threads: one at a time.
class StatsdFlush {
 public:
  explicit StatsdFlush(const StatsdOptions& options, const Clock& clock = system_clock());
  ~StatsdFlush();

  /// Calls `take` with each line, LF included; it is valid during the call. A line may be what no
  /// Graphite takes (an infinite value, a name without end): to refuse it is up to `take`.
  void write(StatsdInterval& interval, UnixSeconds timestamp, const StatsdFlushStats& last,
             const std::function<void(std::string_view line)>& take);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carbon_spool
