#include "carbon_spool/statsd/statsd_aggregator.h"

#include "carbon_spool/statsd/statsd_time.h"

#include "aggregator_impl.h"

namespace carbon_spool {
namespace {

/// More than the log shows of a line.
constexpr std::size_t kSampleBytes = 200;

}  // namespace

StatsdAggregator::Impl::Impl(const StatsdOptions& the_options, const Clock& the_clock)
    : options(the_options),
      clock(the_clock),
      bad_lines_seen(options.prefix_stats + ".bad_lines_seen"),
      packets_received(options.prefix_stats + ".packets_received"),
      metrics_received(options.prefix_stats + ".metrics_received"),
      timestamp_lag(options.prefix_stats + ".timestamp_lag") {
  aggregates.count(bad_lines_seen, 0);
  aggregates.count(packets_received, 0);
  aggregates.count(metrics_received, 0);
}

void StatsdAggregator::Impl::take(std::string_view packet) {
  ++counts.packets;
  aggregates.count(packets_received, 1);
  reader.begin(packet);
  StatsdValue value;
  while (reader.next(value)) {
    switch (aggregates.take(value)) {
      case Taken::Yes:
        break;
      case Taken::TooManyNames:
        ++counts.names_refused;
        break;
      case Taken::TooMuchMemory:
        ++counts.values_refused;
        break;
    }
  }
  counts.lines += reader.lines();
  aggregates.count(metrics_received, static_cast<double>(reader.lines()));
  if (reader.bad() == 0) return;
  counts.bad_lines += reader.bad();
  aggregates.count(bad_lines_seen, static_cast<double>(reader.bad()));
  bad_line = reader.last_bad().substr(0, kSampleBytes);
}

StatsdAggregator::StatsdAggregator(const StatsdOptions& options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

StatsdAggregator::~StatsdAggregator() = default;

void StatsdAggregator::take(std::span<const std::string_view> packets) {
  const std::lock_guard lock(impl_->mutex);
  for (const std::string_view each : packets) impl_->take(each);
  impl_->counts.last_packet_at = statsd_seconds(impl_->clock.now());
}

std::string StatsdAggregator::take_bad_line() {
  const std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->bad_line, {});
}

void StatsdAggregator::close_interval(StatsdInterval& interval, UnixSeconds now) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->last_closed_at > 0) {
    const double seconds = static_cast<double>(impl_->options.flush_interval.count()) / 1000;
    impl_->aggregates.set_gauge(impl_->timestamp_lag,
                                static_cast<double>(now - impl_->last_closed_at) - seconds);
  }
  impl_->last_closed_at = now;
  impl_->aggregates.close_interval(interval);
}

StatsdCounts StatsdAggregator::counts() const {
  const std::lock_guard lock(impl_->mutex);
  StatsdCounts counts = impl_->counts;
  counts.counters = impl_->aggregates.counters().size();
  counts.timers = impl_->aggregates.timers().size();
  counts.gauges = impl_->aggregates.gauges().size();
  counts.sets = impl_->aggregates.sets().size();
  return counts;
}

}  // namespace carbon_spool
