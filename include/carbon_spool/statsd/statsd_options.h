#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "carbon_spool/base/units.h"
#include "carbon_spool/wire/statsd_packet.h"

namespace carbon_spool {

/// What `-5` does to a gauge.
enum class GaugeMinus : std::uint8_t {
  Subtract,  ///< from what it is, as StatsD does; one that is 0 or unknown is set to -5
  Set,       ///< sets it to -5: what a client means that measures something below zero
};

/// How many of a timer's values are below limits.
struct StatsdHistogram {
  std::string metric;        ///< for timers in whose name this occurs; empty: for all
  std::vector<double> bins;  ///< upper limits, ascending, not themselves in their bin; may end with
                             ///< infinity. Empty: no histogram for these timers

  friend bool operator==(const StatsdHistogram&, const StatsdHistogram&) = default;
};

/// What is kept of values, and under which names it is flushed. Names and defaults are StatsD's
/// (`exampleConfig.js`), but for what it does not have: `gauge_minus`, `max_names`, `max_memory`.
struct StatsdOptions {
  StatsdSyntax syntax;
  GaugeMinus gauge_minus = GaugeMinus::Subtract;
  Milliseconds flush_interval{10000};  ///< 1 ms at least

  /// Whether what had no value in an interval is left out of the next ones rather than flushed as 0
  /// (a gauge: as it was).
  bool delete_counters = false;
  bool delete_timers = false;
  bool delete_sets = false;
  bool delete_gauges = false;
  std::uint32_t gauges_max_ttl = 1;  ///< flushes that a gauge outlives its last value; at least 1

  /// -100 to 100, negative ones count from the top.
  std::vector<double> percent_threshold = {90};
  std::vector<StatsdHistogram> histogram;  ///< the first that fits a timer's name holds
  /// The statistics of timers that are flushed; `upper_percent` stands for `upper_90` and the like,
  /// `histogram` for all bins. Empty: all.
  std::vector<std::string> calculated_timer_metrics;

  bool flush_counts = true;
  bool legacy_namespace = true;
  // Of these `global_suffix` and `prefix_stats` hold in both namespaces, the others only in the new
  // one. Empty: left out, with its dot; not `prefix_stats`.
  std::string global_prefix = "stats";
  std::string prefix_counter = "counters";
  std::string prefix_timer = "timers";
  std::string prefix_gauge = "gauges";
  std::string prefix_set = "sets";
  std::string global_suffix;
  std::string prefix_stats = "statsd";

  std::size_t max_names = 100000;  ///< of each type; 1 at least
  /// What names, and the values of an interval, take. While an interval is flushed the next one
  /// may take as much again.
  std::size_t max_memory = std::size_t{256} << 20;

  friend bool operator==(const StatsdOptions&, const StatsdOptions&) = default;
};

}  // namespace carbon_spool
