#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/statsd/statsd_interval.h"
#include "carbon_spool/statsd/statsd_options.h"

namespace carbon_spool {

/// Totals since the start.
struct StatsdCounts {
  std::uint64_t packets = 0;
  std::uint64_t lines = 0;           ///< that were not empty
  std::uint64_t bad_lines = 0;       ///< values that were not good
  std::uint64_t names_refused = 0;   ///< values of new names beyond max_names
  std::uint64_t values_refused = 0;  ///< for which max_memory left no room
  UnixSeconds last_packet_at = 0;    ///< 0: none yet
  // Now:
  std::uint64_t counters = 0;
  std::uint64_t timers = 0;
  std::uint64_t gauges = 0;
  std::uint64_t sets = 0;
};

/// Takes StatsD packets and keeps what an interval is flushed from.
/// Memory: bounded by max_names and max_memory, whatever arrives.
/// Threads: any; each call holds one lock, so packets are better taken several at a time.
class StatsdAggregator {
 public:
  explicit StatsdAggregator(const StatsdOptions& options, const Clock& clock = system_clock());
  ~StatsdAggregator();

  void take(std::span<const std::string_view> packets);

  /// A packet with a bad line, for the log; empty if there was none since the last call.
  [[nodiscard]] std::string take_bad_line();

  /// Hands over what has gathered, to be flushed at `now`, and begins the next interval. What has
  /// no value in it stays with 0, or goes, as the options say. `interval` must be the one of the
  /// last call, with which everybody is done, or a fresh one.
  void close_interval(StatsdInterval& interval, UnixSeconds now);

  [[nodiscard]] StatsdCounts counts() const;

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }  ///< private to the statsd module

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace carbon_spool
