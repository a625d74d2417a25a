#include "config_statsd.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kMostConnections = 1'000'000;
constexpr std::uint32_t kMostNames = 100'000'000;
constexpr std::uint32_t kMostFlushes = 1'000'000;
constexpr std::uint64_t kLeastMemory = std::uint64_t{1} << 20;
/// Less would be a busy loop.
constexpr Milliseconds kShortestInterval{100};

/// A number, or an array of numbers.
void read_percent_threshold(ConfigTable& table, std::vector<double>& target) {
  const std::string key = "percent_threshold";
  const toml::value* const value = table.take(key);
  if (value == nullptr) return;
  std::vector<toml::value> each_of;
  if (value->is_array()) {
    each_of.assign(value->as_array().begin(), value->as_array().end());
  } else {
    each_of.push_back(*value);
  }
  std::vector<double> found;
  for (const toml::value& each : each_of) {
    const std::optional<double> number = number_of(each);
    if (!number || !(std::abs(*number) <= 100) || *number == 0) {
      return table.error(key,
                         "expected percentages from -100 to 100, not 0, such as [90, -10], "
                         "found " +
                             describe_found(each));
    }
    found.push_back(*number);
  }
  target = std::move(found);
}

/// Upper limits, the last one perhaps `inf`, which StatsD writes as a string.
std::optional<std::vector<double>> bins_of(const toml::value& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<double> bins;
  for (const toml::value& each : value.as_array()) {
    const bool infinite = each.is_string() && each.as_string().str == "inf";
    const std::optional<double> limit =
        infinite ? std::numeric_limits<double>::infinity() : number_of(each);
    const bool ascends = limit && (bins.empty() || *limit > bins.back());
    if (!ascends || std::isnan(*limit)) return std::nullopt;
    bins.push_back(*limit);
  }
  return bins;
}

void read_histogram(ConfigTable& table, std::vector<StatsdHistogram>& target) {
  const std::string key = "histogram";
  for (const toml::value* each : table.tables(key)) {
    const auto& entries = each->as_table();
    const auto metric = entries.find("metric");
    const auto bins = entries.find("bins");
    const bool known = entries.size() == 2 && metric != entries.end() && bins != entries.end();
    const auto limits = known ? bins_of(bins->second) : std::nullopt;
    if (!limits || !metric->second.is_string()) {
      table.error(key, R"(expected { metric = "a part of names", bins = [ascending limits] })");
      return;
    }
    target.push_back({metric->second.as_string().str, *limits});
  }
}

void read_flush_interval(ConfigTable& table, Milliseconds& target) {
  Milliseconds interval = target;
  table.duration("flush_interval", interval);
  if (interval < kShortestInterval) {
    return table.error("flush_interval", "expected a duration of at least \"" +
                                             format_duration(kShortestInterval) + "\", found \"" +
                                             format_duration(interval) + "\"");
  }
  target = interval;
}

/// `delete_idle_stats` stands for the four that are not given.
void read_deletion(ConfigTable& table, StatsdOptions& statsd) {
  bool all = false;
  table.boolean("delete_idle_stats", all);
  statsd.delete_counters = statsd.delete_timers = statsd.delete_sets = statsd.delete_gauges = all;
  table.boolean("delete_counters", statsd.delete_counters);
  table.boolean("delete_timers", statsd.delete_timers);
  table.boolean("delete_sets", statsd.delete_sets);
  table.boolean("delete_gauges", statsd.delete_gauges);
  table.integer("gauges_max_ttl", 1, kMostFlushes, statsd.gauges_max_ttl);
}

void read_names(ConfigTable& table, StatsdOptions& statsd) {
  table.boolean("legacy_namespace", statsd.legacy_namespace);
  table.boolean("flush_counts", statsd.flush_counts);
  table.name_part("global_prefix", true, statsd.global_prefix);
  table.name_part("prefix_counter", true, statsd.prefix_counter);
  table.name_part("prefix_timer", true, statsd.prefix_timer);
  table.name_part("prefix_gauge", true, statsd.prefix_gauge);
  table.name_part("prefix_set", true, statsd.prefix_set);
  table.name_part("global_suffix", true, statsd.global_suffix);
  table.name_part("prefix_stats", false, statsd.prefix_stats);
}

void read_limits(ConfigTable& table, StatsdOptions& statsd) {
  auto names = static_cast<std::uint32_t>(statsd.max_names);
  table.integer("max_names", 1, kMostNames, names);
  statsd.max_names = names;
  std::uint64_t memory = statsd.max_memory;
  table.size("max_memory", kLeastMemory, memory);
  statsd.max_memory = memory;
}

void read_console(ConfigTable& table, std::optional<Address>& target) {
  const std::string expected = R"(expected "off" or an address, such as "tcp://127.0.0.1:8126")";
  const auto found = table.text("console", expected);
  if (!found) return;
  if (*found == "off") return target.reset();
  const Result<Address> address = parse_address(*found);
  if (!address) return table.error("console", address.error().message);
  using enum Address::Transport;
  if (address.value().transport != Tcp && address.value().transport != UnixStream) {
    return table.error("console", "expected tcp:// or unix://, found \"" + *found + "\"");
  }
  target = address.value();
}

void read_forward_to(ConfigTable& table, std::vector<Address>& target) {
  table.addresses("forward_to", target);
  using enum Address::Transport;
  for (const Address& each : target) {
    if (each.transport == Udp || each.transport == UnixDatagram) continue;
    table.error("forward_to", "expected udp:// or unixgram://, found \"" + to_string(each) + "\"");
  }
}

}  // namespace

void read_statsd(ConfigTable& table, InputOptions& input) {
  using enum Address::Transport;
  input.listen = {{Udp, "0.0.0.0", 8125, ""}, {Tcp, "0.0.0.0", 8125, ""}};
  input.statsd.console = Address{Tcp, "127.0.0.1", 8126, ""};
  StatsdOptions& statsd = input.statsd.statsd;
  table.integer("max_connections", 1, kMostConnections, input.max_connections);
  table.addresses("listen", input.listen);
  read_console(table, input.statsd.console);
  read_forward_to(table, input.statsd.forward_to);
  table.boolean("persist", input.statsd.persist);
  read_flush_interval(table, statsd.flush_interval);
  read_percent_threshold(table, statsd.percent_threshold);
  read_histogram(table, statsd.histogram);
  table.texts("calculated_timer_metrics", statsd.calculated_timer_metrics);
  read_deletion(table, statsd);
  read_names(table, statsd);
  table.boolean("key_name_sanitize", statsd.syntax.sanitize_names);
  table.boolean("dogstatsd", statsd.syntax.dogstatsd);
  table.choice<GaugeMinus>("gauge_minus",
                           {{"subtract", GaugeMinus::Subtract}, {"set", GaugeMinus::Set}},
                           statsd.gauge_minus);
  read_limits(table, statsd);
}

}  // namespace carbon_spool
