#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_flush.h"

#include "set_clock.h"

namespace carbon_spool {

/// An aggregator with what it is flushed by.
class FlushedStatsd {
 public:
  explicit FlushedStatsd(const StatsdOptions& options)
      : aggregator(options, clock), flush_(options, clock), options_(options) {}

  void take(std::string_view packet) { aggregator.take(packet); }

  /// An interval later: the lines without StatsD's own, each without its timestamp.
  std::vector<std::string> flush() {
    clock.forward(std::chrono::duration_cast<Seconds>(options_.flush_interval));
    aggregator.close_interval(interval_, clock.unix_seconds());
    std::vector<std::string> lines;
    flush_.write(interval_, clock.unix_seconds(), {}, [&](std::string_view line) {
      const bool own = line.find("statsd.") != std::string_view::npos;
      if (!own) lines.emplace_back(line.substr(0, line.rfind(' ')));
    });
    return lines;
  }

  SetClock clock{1700000000};
  StatsdAggregator aggregator;

 private:
  StatsdFlush flush_;
  StatsdInterval interval_;
  const StatsdOptions options_;
};

}  // namespace carbon_spool
