#include "carbon_spool/statsd/statsd_console.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "carbon_spool/statsd/statsd_time.h"
#include "carbon_spool/wire/javascript_number.h"

#include "console_list.h"

namespace carbon_spool {
namespace {

/// The words between single blanks; two blanks have an empty one between them.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    if (blank == std::string_view::npos) return words;
    line.remove_prefix(blank + 1);
  }
}

/// Hands a text over in pieces of a size that is good to send.
StatsdConsole::Pieces pieces_of(std::string text) {
  return [text = std::move(text), at = std::size_t{0}]() mutable {
    constexpr std::size_t kPiece = 32 * 1024;
    std::string piece = text.substr(at, kPiece);
    at += piece.size();
    return piece;
  };
}

std::string number(double value) {
  NumberRoom room;
  return std::string(javascript_text(value, room));
}

/// `percentThreshold > 0: 90`: how StatsD shows what is inside.
template <class List, class ToText>
void add_list(std::string& text, const std::string& key, const List& list, ToText&& to_text) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    text += key + " > " + std::to_string(i) + ": " + to_text(list[i]) + "\n";
  }
}

std::string to_text(const StatsdHistogram& histogram) {
  std::string text = "'" + histogram.metric + "':";
  for (const double each : histogram.bins) text += " " + (std::isinf(each) ? "inf" : number(each));
  return text;
}

/// Our settings, by the names that StatsD has for them.
std::string config_lines(const StatsdOptions& options) {
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& value) {
    text += key + ": " + value + "\n";
  };
  const auto add_flag = [&add](const std::string& key, bool value) {
    add(key, value ? "true" : "false");
  };
  add("flushInterval", std::to_string(options.flush_interval.count()));
  add_list(text, "percentThreshold", options.percent_threshold, number);
  add_list(text, "histogram", options.histogram, to_text);
  add_list(text, "calculatedTimerMetrics", options.calculated_timer_metrics,
           [](const std::string& each) { return each; });
  add_flag("flush_counts", options.flush_counts);
  add_flag("keyNameSanitize", options.syntax.sanitize_names);
  add("prefixStats", options.prefix_stats);
  add_flag("graphite > legacyNamespace", options.legacy_namespace);
  add("graphite > globalPrefix", options.global_prefix);
  add("graphite > prefixCounter", options.prefix_counter);
  add("graphite > prefixTimer", options.prefix_timer);
  add("graphite > prefixGauge", options.prefix_gauge);
  add("graphite > prefixSet", options.prefix_set);
  add("graphite > globalSuffix", options.global_suffix);
  add("gaugesMaxTTL", std::to_string(options.gauges_max_ttl));
  add_flag("deleteIdleStats", options.delete_counters && options.delete_timers &&
                                  options.delete_sets && options.delete_gauges);
  add_flag("deleteCounters", options.delete_counters);
  add_flag("deleteTimers", options.delete_timers);
  add_flag("deleteSets", options.delete_sets);
  add_flag("deleteGauges", options.delete_gauges);
  return text;
}

}  // namespace

StatsdConsole::StatsdConsole(StatsdAggregator& aggregator,
                             std::function<StatsdFlushStats()> last_flush,
                             std::vector<std::string> listen_lines, const Clock& clock)
    : aggregator_(aggregator),
      last_flush_(std::move(last_flush)),
      listen_lines_(std::move(listen_lines)),
      clock_(clock),
      started_(statsd_seconds(clock.now())) {}

StatsdConsole::Reply StatsdConsole::reply(std::string_view line) {
  std::vector<std::string_view> words = words_of(javascript_trim(line));
  const std::string_view command = words.front();
  words.erase(words.begin());
  StatsdAggregator::Impl& aggregator = aggregator_.impl();
  Aggregates& aggregates = aggregator.aggregates;

  if (command == "help") {
    // Word for word StatsD's, which does not know `sets`.
    return {
        pieces_of("Commands: stats, counters, timers, gauges, delcounters, deltimers, delgauges, "
                  "health, config, quit\n\n")};
  }
  if (command == "config") return {pieces_of(config())};
  if (command == "health") return {pieces_of(health(words))};
  if (command == "stats") return {pieces_of(stats())};
  if (command == "counters") return {ConsoleList(aggregator, aggregates.counters())};
  if (command == "timers") return {ConsoleList(aggregator, aggregates.timers())};
  if (command == "gauges") return {ConsoleList(aggregator, aggregates.gauges())};
  if (command == "sets") return {ConsoleList(aggregator, aggregates.sets())};
  if (command == "delcounters") {
    return {pieces_of(remove_named(aggregator, aggregates.counters(), words))};
  }
  if (command == "deltimers") {
    return {pieces_of(remove_named(aggregator, aggregates.timers(), words))};
  }
  if (command == "delgauges") {
    return {pieces_of(remove_named(aggregator, aggregates.gauges(), words))};
  }
  if (command == "quit") return {pieces_of(""), true};
  return {pieces_of("ERROR\n")};
}

std::string StatsdConsole::health(const std::vector<std::string_view>& arguments) {
  if (!arguments.empty()) {
    std::string wanted(arguments.front());
    std::ranges::transform(wanted, wanted.begin(), [](char each) {
      return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    if (wanted == "up") healthy_ = true;
    if (wanted == "down") healthy_ = false;
  }
  return healthy_ ? "health: up\n" : "health: down\n";
}

std::string StatsdConsole::stats() const {
  const UnixSeconds now = statsd_seconds(clock_.now());
  const StatsdCounts counts = aggregator_.counts();
  const StatsdFlushStats last = last_flush_();
  const auto line = [](const std::string& name, auto value) {
    return name + ": " + std::to_string(value) + "\n";
  };
  return line("uptime", now - started_) +
         line("messages.last_msg_seen",
              now - (counts.last_packet_at == 0 ? started_ : counts.last_packet_at)) +
         line("messages.bad_lines_seen", counts.bad_lines) +
         line("graphite.last_flush", now - last.last_flush) +
         line("graphite.last_exception", now - last.last_exception) +
         line("graphite.flush_time", last.flush_time.count()) +
         line("graphite.flush_length", last.flush_length) + "END\n\n";
}

std::string StatsdConsole::config() const {
  std::string text = "\n";
  for (const std::string& each : listen_lines_) text += each + "\n";
  return text + config_lines(aggregator_.impl().options);
}

}  // namespace carbon_spool
