#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/wire/statsd_packet.h"

#include "aggregates.h"

namespace carbon_spool {

struct StatsdAggregator::Impl {
  Impl(const StatsdOptions& the_options, const Clock& the_clock);

  StatsdRefused take(std::string_view packet);
  void show(const StatsdValue& value);

  const StatsdOptions options;
  const Clock& clock;
  const std::string bad_lines_seen;
  const std::string packets_received;
  const std::string metrics_received;
  const std::string timestamp_lag;
  StatsdWatch watch;

  mutable std::mutex mutex;  // protects all below
  StatsdReader reader{options.syntax};
  Aggregates aggregates{options};
  StatsdCounts counts;
  UnixSeconds last_closed_at = 0;  ///< 0: never
};

}  // namespace carbon_spool
