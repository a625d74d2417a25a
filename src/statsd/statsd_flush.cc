#include "carbon_spool/statsd/statsd_flush.h"

#include <algorithm>
#include <string>

#include "carbon_spool/wire/javascript_number.h"
#include "carbon_spool/wire/statsd_packet.h"

#include "timer_statistics.h"

namespace carbon_spool {
namespace {

/// The parts that are not empty, each with a dot behind it.
std::string dotted(std::initializer_list<std::string_view> parts) {
  std::string prefix;
  for (const std::string_view each : parts) {
    if (!each.empty()) (prefix += each) += '.';
  }
  return prefix;
}

/// What stands in front of each kind of name, and behind it.
struct Namespaces {
  explicit Namespaces(const StatsdOptions& options) {
    if (options.legacy_namespace) {
      rate = "stats.";
      count = "stats_counts.";
      timer = "stats.timers.";
      gauge = "stats.gauges.";
      set = "stats.sets.";
      number_of_stats = options.prefix_stats + ".";
      self = dotted({"stats", options.prefix_stats});
    } else {
      rate = count = dotted({options.global_prefix, options.prefix_counter});
      rate_end = ".rate";
      count_end = ".count";
      timer = dotted({options.global_prefix, options.prefix_timer});
      gauge = dotted({options.global_prefix, options.prefix_gauge});
      set = dotted({options.global_prefix, options.prefix_set});
      number_of_stats = self = dotted({options.global_prefix, options.prefix_stats});
    }
    if (!options.global_suffix.empty()) suffix = "." + options.global_suffix;
  }

  std::string rate, count, timer, gauge, set, number_of_stats, self;
  std::string rate_end, count_end;
  std::string suffix;
};

}  // namespace

struct StatsdFlush::Impl {
  Impl(const StatsdOptions& options, const Clock& the_clock)
      : clock(the_clock),
        seconds(static_cast<double>(options.flush_interval.count()) / 1000),
        flush_counts(options.flush_counts),
        sanitized_on_arrival(options.syntax.sanitize_names),
        names(options),
        statistics(options) {}

  using Take = std::function<void(std::string_view line)>;

  /// A name's part before its tags, as Graphite is to see it, and the tags.
  void set_name(std::string_view whole) {
    const std::size_t semicolon = std::min(whole.find(';'), whole.size());
    name = whole.substr(0, semicolon);
    tags = whole.substr(semicolon);
    if (sanitized_on_arrival) return;
    name_room.clear();
    append_sanitized(name, name_room);
    name = name_room;
  }

  void add(std::string_view prefix, std::string_view statistic, double value) {
    NumberRoom room;
    line.assign(prefix);
    line += name;
    line += statistic;
    line += names.suffix;
    line += tags;
    line += ' ';
    line += javascript_text(value, room);
    line += timestamp_text;
    (*take)(line);
  }

  /// One of StatsD itself.
  void add_self(std::string_view prefix, std::string_view statistic, double value) {
    name = tags = {};
    add(prefix, statistic, value);
  }

  void add_counters(const StatsdInterval& interval) {
    for (const auto& each : interval.counters) {
      set_name(each.name);
      add(names.rate, names.rate_end, each.value / seconds);
      if (flush_counts) add(names.count, names.count_end, each.value);
    }
  }

  void add_timers(const StatsdInterval& interval) {
    const TimerStatistics::Emit emit = [this](std::string_view statistic, double value) {
      statistic_room.assign(1, '.');
      statistic_room += statistic;
      add(names.timer, statistic_room, value);
    };
    for (const auto& each : interval.timers) {
      set_name(each.name);
      statistics.emit(each, emit);
    }
  }

  void add_gauges_and_sets(const StatsdInterval& interval) {
    for (const auto& each : interval.gauges) {
      set_name(each.name);
      add(names.gauge, "", each.value);
    }
    for (const auto& each : interval.sets) {
      set_name(each.name);
      add(names.set, ".count", static_cast<double>(each.size));
    }
  }

  [[nodiscard]] Milliseconds since(std::chrono::system_clock::time_point begin) const {
    const auto passed = std::chrono::duration_cast<Milliseconds>(clock.now() - begin);
    return std::max(passed, Milliseconds(0));  // the clock may have been set back
  }

  void add_self_stats(const StatsdInterval& interval, Milliseconds sorting, Milliseconds writing,
                      const StatsdFlushStats& last) {
    const std::size_t stats = interval.counters.size() + interval.timers.size() +
                              interval.gauges.size() + interval.sets.size();
    add_self(names.number_of_stats, "numStats", static_cast<double>(stats));
    const auto add_number = [this](std::string_view statistic, auto value) {
      add_self(names.self, statistic, static_cast<double>(value));
    };
    add_number("graphiteStats.calculationtime", writing.count());
    add_number("processing_time", sorting.count());
    add_number("graphiteStats.last_exception", last.last_exception);
    add_number("graphiteStats.last_flush", last.last_flush);
    add_number("graphiteStats.flush_time", last.flush_time.count());
    add_number("graphiteStats.flush_length", last.flush_length);
  }

  const Clock& clock;
  const double seconds;
  const bool flush_counts;
  const bool sanitized_on_arrival;
  const Namespaces names;
  TimerStatistics statistics;

  // Of the flush at hand:
  const Take* take = nullptr;
  std::string timestamp_text;  ///< with the blank before and the LF behind it

  // Of the line at hand:
  std::string_view name;
  std::string_view tags;  ///< with the `;` before them
  std::string name_room;
  std::string statistic_room;
  std::string line;
};

StatsdFlush::StatsdFlush(const StatsdOptions& options, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

StatsdFlush::~StatsdFlush() = default;

void StatsdFlush::write(StatsdInterval& interval, UnixSeconds timestamp,
                        const StatsdFlushStats& last,
                        const std::function<void(std::string_view line)>& take) {
  impl_->take = &take;
  impl_->timestamp_text = " " + std::to_string(timestamp) + "\n";
  const auto begin = impl_->clock.now();
  for (auto& each : interval.timers) std::ranges::sort(each.values);
  const Milliseconds sorting = impl_->since(begin);
  const auto sorted = impl_->clock.now();
  impl_->add_counters(interval);
  impl_->add_timers(interval);
  impl_->add_gauges_and_sets(interval);
  impl_->add_self_stats(interval, sorting, impl_->since(sorted), last);
}

}  // namespace carbon_spool
