#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// What kind of lines a parser reads: docs/log-parsers.md.
enum class LogFormat : std::uint8_t {
  Bpftrace,
  HttpStatus,
  Postfix,
  Squid,
  Log4j,
  ApacheError,
  Metric,
  Json,
  Regex,
};

/// As the configuration writes it: `bpftrace`, `http_status`, …
[[nodiscard]] std::string_view name_of(LogFormat format);

/// Histograms as bpftrace prints them.
struct BpftraceOptions {
  /// What the counts of a block are.
  enum class Mode : std::uint8_t {
    Interval,    ///< since the block before: the script clears the map after printing it
    Cumulative,  ///< since the script began
  };

  std::string metric = "cpu-lat";  ///< what names begin with
  Mode mode = Mode::Interval;
  /// The maps to read, without `@`; empty: all, and counts of several add up under one name. With
  /// more than one the map's name follows `metric`.
  std::vector<std::string> maps;

  friend bool operator==(const BpftraceOptions&, const BpftraceOptions&) = default;
};

/// One metric, or a family of them, of lines that an expression is found in.
struct RegexMetric {
  enum class Kind : std::uint8_t {
    Counter,  ///< sum of values in the interval
    Rate,     ///< the same, a second
    Gauge,    ///< last value in the interval
    Timer,    ///< count, lower, upper, mean, median and percentiles of values in the interval
  };

  std::string match;  ///< RE2; found anywhere in a line. Groups are named: `(?P<status>[0-9]+)`
  std::string name;   ///< `status.{status}`: what is in braces is the text of that group
  Kind kind = Kind::Counter;
  /// The group whose text is the value, a decimal number. Empty: every line counts 1; not for
  /// gauges and timers.
  std::string value = {};
  std::vector<double> percentiles = {90};  ///< of timers: over 0, up to 100

  friend bool operator==(const RegexMetric&, const RegexMetric&) = default;
};

/// What is wrong with a metric: the member that it shows in, and why.
struct RegexMetricFlaw {
  std::string_view member;  ///< `match`, `name` or `value`
  std::string message;
};

/// The first flaw, if there is one: an expression that is not RE2's, a group that is not there, a
/// name or value that is missing. Threads: any.
[[nodiscard]] std::optional<RegexMetricFlaw> flaw_of(const RegexMetric& metric);

/// Which parser, and what it is told. What other formats are told is ignored.
struct LogParserOptions {
  LogFormat format = LogFormat::HttpStatus;
  BpftraceOptions bpftrace;
  std::vector<std::string> log_levels = {"WARN", "ERROR", "FATAL"};  ///< `log4j`
  std::vector<double> percentiles = {90};  ///< `metric`: over 0, up to 100
  std::string key_separator = ".";         ///< `json`: between the keys that lead to a number
  std::vector<RegexMetric> metrics;        ///< `regex`: a line is offered to each of them

  friend bool operator==(const LogParserOptions&, const LogParserOptions&) = default;
};

/// Fails, saying which and why, if a metric of `regex` has a flaw. Threads: any.
[[nodiscard]] Result<std::unique_ptr<LogParser>> make_log_parser(const LogParserOptions& options);

}  // namespace carbon_spool
