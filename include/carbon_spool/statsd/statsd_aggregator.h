#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/statsd/statsd_interval.h"
#include "carbon_spool/statsd/statsd_options.h"
#include "carbon_spool/statsd/statsd_watch.h"

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

/// What could not be taken of a packet.
struct StatsdRefused {
  std::uint32_t bad_lines = 0;  ///< values that were not good
  std::uint32_t names = 0;      ///< values of new names beyond max_names
  std::uint32_t values = 0;     ///< values for which max_memory left no room
  std::string_view sample;      ///< a line with one of the first, or the packet; a view into it

  [[nodiscard]] bool any() const { return bad_lines + names + values > 0; }
};

/// Takes StatsD packets and keeps what an interval is flushed from.
/// Memory: bounded by max_names and max_memory, whatever arrives.
/// Threads: any; each call holds one lock.
class StatsdAggregator {
 public:
  explicit StatsdAggregator(const StatsdOptions& options, const Clock& clock = system_clock());
  ~StatsdAggregator();

  StatsdRefused take(std::string_view packet);

  /// Hands over what has gathered, to be flushed at `now`, and begins the next interval. What has
  /// no value in it stays with 0, or goes, as the options say. `interval` must be the one of the
  /// last call, with which everybody is done, or a fresh one.
  void close_interval(StatsdInterval& interval, UnixSeconds now);

  [[nodiscard]] StatsdCounts counts() const;

  /// The open interval as a text, for `restore`; none if it were longer than `most_bytes`.
  [[nodiscard]] std::optional<std::string> save(std::size_t most_bytes) const;

  /// Adds what was saved to the open interval: all of it, or only what gauges were. False: the text
  /// is damaged, and what stands behind the damage is left out.
  bool restore(std::string_view saved, bool only_gauges = false);

  /// Sees each value that is taken.
  [[nodiscard]] StatsdWatch& watch();

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }  ///< private to the statsd module

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace carbon_spool
