#include "carbon_spool/statsd/statsd_aggregator.h"

#include "carbon_spool/statsd/statsd_time.h"

#include "aggregator_impl.h"
#include "saved_interval.h"

namespace carbon_spool {

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

StatsdRefused StatsdAggregator::Impl::take(std::string_view packet) {
  StatsdRefused refused;
  ++counts.packets;
  aggregates.count(packets_received, 1);
  reader.begin(packet);
  StatsdValue value;
  while (reader.next(value)) {
    if (watch.any()) show(value);
    switch (aggregates.take(value)) {
      case Taken::Yes:
        break;
      case Taken::TooManyNames:
        ++refused.names;
        break;
      case Taken::TooMuchMemory:
        ++refused.values;
        break;
    }
  }
  refused.sample = packet;
  counts.lines += reader.lines();
  aggregates.count(metrics_received, static_cast<double>(reader.lines()));
  counts.names_refused += refused.names;
  counts.values_refused += refused.values;
  if (reader.bad() == 0) return refused;
  counts.bad_lines += reader.bad();
  aggregates.count(bad_lines_seen, static_cast<double>(reader.bad()));
  refused.bad_lines = static_cast<std::uint32_t>(reader.bad());
  refused.sample = reader.last_bad();
  return refused;
}

/// `< name 5 ms, 10 times`
void StatsdAggregator::Impl::show(const StatsdValue& value) {
  const std::string name(value.name);
  std::string line = "< " + name + ' ' + std::string(value.text);
  switch (value.type) {
    case StatsdType::Counter:
      line += " c";
      break;
    case StatsdType::Timer:
      line += " ms";
      break;
    case StatsdType::Gauge:
      line += " g";
      break;
    case StatsdType::Set:
      line += " s";
      break;
  }
  if (value.weight != 1) {
    NumberRoom room;
    line += ", " + std::string(javascript_text(value.weight, room)) + " times";
  }
  watch.see(name, line);
}

StatsdAggregator::StatsdAggregator(const StatsdOptions& options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

StatsdAggregator::~StatsdAggregator() = default;

StatsdWatch& StatsdAggregator::watch() {
  return impl_->watch;
}

StatsdRefused StatsdAggregator::take(std::string_view packet) {
  const std::lock_guard lock(impl_->mutex);
  impl_->counts.last_packet_at = statsd_seconds(impl_->clock.now());
  return impl_->take(packet);
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

std::optional<std::string> StatsdAggregator::save(std::size_t most_bytes) const {
  const std::lock_guard lock(impl_->mutex);
  return save_interval(impl_->aggregates, most_bytes);
}

bool StatsdAggregator::restore(std::string_view saved, bool only_gauges) {
  const std::lock_guard lock(impl_->mutex);
  return restore_interval(saved, only_gauges, impl_->aggregates);
}

}  // namespace carbon_spool
