#include "config_parser.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {
namespace {

constexpr std::size_t kLongestSeparator = 8;
constexpr std::string_view kSomePercentiles =
    "expected percentiles, over 0 and up to 100, such as [90, 99.9]";

/// Letters, digits and `_` only.
bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return is_name_byte(c) && std::string_view(".:-").find(c) == std::string_view::npos;
  });
}

void read_percentiles(ConfigTable& table, std::vector<double>& target) {
  const std::string key = "percentiles";
  const toml::value* const value = table.take(key);
  if (value == nullptr) return;
  if (!value->is_array()) {
    return table.error(key, std::string(kSomePercentiles) + ", found " + describe_found(*value));
  }
  std::vector<double> found;
  for (const toml::value& each : value->as_array()) {
    const std::optional<double> percent = number_of(each);
    if (!percent || !(*percent > 0 && *percent <= 100)) {
      return table.error(key,
                         std::string(kSomePercentiles) + ", found in it " + describe_found(each));
    }
    found.push_back(*percent);
  }
  target = std::move(found);
}

void read_bpftrace(ConfigTable& table, LogParserOptions& options) {
  BpftraceOptions& bpftrace = options.bpftrace;
  table.name_part("metric", false, bpftrace.metric);
  using enum BpftraceOptions::Mode;
  table.choice<BpftraceOptions::Mode>("mode", {{"interval", Interval}, {"cumulative", Cumulative}},
                                      bpftrace.mode);
  table.texts("maps", bpftrace.maps);
  for (const std::string& map : bpftrace.maps) {
    if (is_word(std::string_view(map).substr(map.starts_with('@') ? 1 : 0))) continue;
    table.error("maps",
                "expected names of maps, such as \"@usecs\", found in it " + quote_for_log(map));
  }
}

void read_log4j(ConfigTable& table, LogParserOptions& options) {
  table.texts("log_levels", options.log_levels);
  for (const std::string& level : options.log_levels) {
    if (!level.empty() && is_word(level)) continue;
    table.error("log_levels", "expected levels of letters, digits and \"_\", found in it " +
                                  quote_for_log(level));
  }
}

void read_metric(ConfigTable& table, LogParserOptions& options) {
  read_percentiles(table, options.percentiles);
}

void read_json(ConfigTable& table, LogParserOptions& options) {
  const std::string expected = "expected 1 to " + std::to_string(kLongestSeparator) +
                               " printable characters, no blank, such as \".\"";
  const auto found = table.text("key_separator", expected);
  if (!found) return;
  const bool fits = !found->empty() && found->size() <= kLongestSeparator &&
                    std::ranges::all_of(*found, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!fits) return table.error("key_separator", expected + ", found " + quote_for_log(*found));
  options.key_separator = *found;
}

void read_regex(ConfigTable& table, LogParserOptions& options) {
  using enum RegexMetric::Kind;
  const auto metrics = table.tables("metric");
  if (metrics.empty()) table.error("metric", "expected at least one metric");
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    ConfigTable keys = table.inner(*metrics[i], "metric[" + std::to_string(i) + "]");
    RegexMetric metric;
    metric.match = keys.text("match", "expected an expression of RE2").value_or("");
    metric.name = keys.text("name", "expected a metric's name").value_or("");
    keys.choice<RegexMetric::Kind>(
        "kind", {{"counter", Counter}, {"rate", Rate}, {"gauge", Gauge}, {"timer", Timer}},
        metric.kind);
    metric.value = keys.text("value", "expected the name of a group").value_or("");
    read_percentiles(keys, metric.percentiles);
    keys.finish();
    if (keys.take("match") == nullptr) {
      keys.error("match", "expected an expression of RE2");
    } else if (const auto flaw = flaw_of(metric)) {
      keys.error(std::string(flaw->member), flaw->message);
    }
    options.metrics.push_back(std::move(metric));
  }
}

void read_nothing(ConfigTable& /*table*/, LogParserOptions& /*options*/) {}

/// A parser, and what reads its keys.
struct ParserKeys {
  LogFormat format;
  void (*read)(ConfigTable& table, LogParserOptions& options);
};

constexpr ParserKeys kBpftrace = {LogFormat::Bpftrace, read_bpftrace};
constexpr ParserKeys kHttpStatus = {LogFormat::HttpStatus, read_nothing};
constexpr ParserKeys kPostfix = {LogFormat::Postfix, read_nothing};
constexpr ParserKeys kSquid = {LogFormat::Squid, read_nothing};
constexpr ParserKeys kLog4j = {LogFormat::Log4j, read_log4j};
constexpr ParserKeys kApacheError = {LogFormat::ApacheError, read_nothing};
constexpr ParserKeys kMetric = {LogFormat::Metric, read_metric};
constexpr ParserKeys kJson = {LogFormat::Json, read_json};
constexpr ParserKeys kRegex = {LogFormat::Regex, read_regex};

}  // namespace

std::optional<LogParserOptions> read_log_parser(ConfigTable& table) {
  const ParserKeys* keys = nullptr;
  table.choice<const ParserKeys*>("parser",
                                  {{"graphite", nullptr},
                                   {"bpftrace", &kBpftrace},
                                   {"http_status", &kHttpStatus},
                                   {"postfix", &kPostfix},
                                   {"squid", &kSquid},
                                   {"log4j", &kLog4j},
                                   {"apache_error", &kApacheError},
                                   {"metric", &kMetric},
                                   {"json", &kJson},
                                   {"regex", &kRegex}},
                                  keys);
  if (keys == nullptr) return std::nullopt;
  LogParserOptions options;
  options.format = keys->format;
  keys->read(table, options);
  return options;
}

}  // namespace carbon_spool
