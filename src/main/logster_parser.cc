#include "logster_parser.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {
namespace {

struct ParserName {
  std::string_view logster;  ///< empty: it has none like it
  std::string_view ours;
  LogFormat format;
};

constexpr std::array kParsers = {
    ParserName{"SampleLogster", "http_status", LogFormat::HttpStatus},
    ParserName{"PostfixLogster", "postfix", LogFormat::Postfix},
    ParserName{"SquidLogster", "squid", LogFormat::Squid},
    ParserName{"Log4jLogster", "log4j", LogFormat::Log4j},
    ParserName{"ErrorLogLogster", "apache_error", LogFormat::ApacheError},
    ParserName{"MetricLogster", "metric", LogFormat::Metric},
    ParserName{"JsonLogster", "json", LogFormat::Json},
    ParserName{"", "bpftrace", LogFormat::Bpftrace},
};

void add_options(CLI::App& reader, LogParserOptions& options) {
  using enum LogFormat;
  if (options.format == Metric) {
    reader.add_option("-p,--percentiles", options.percentiles)
        ->delimiter(',')
        ->check(CLI::Range(0.0, 100.0));
  } else if (options.format == Log4j) {
    reader.add_option("-l,--log-levels", options.log_levels)->delimiter(',');
  } else if (options.format == Json) {
    reader.add_option("-k,--key-separator", options.key_separator);
  } else if (options.format == Bpftrace) {
    using Mode = BpftraceOptions::Mode;
    reader.add_option("--metric", options.bpftrace.metric);
    reader.add_option("--maps", options.bpftrace.maps)->delimiter(',');
    reader.add_option("--mode", options.bpftrace.mode)
        ->transform(CLI::CheckedTransformer(std::map<std::string, Mode>{
            {"interval", Mode::Interval}, {"cumulative", Mode::Cumulative}}));
  }
}

}  // namespace

Result<std::unique_ptr<LogParser>> logster_parser(const std::string& name,
                                                  const std::string& options) {
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  const auto found = std::ranges::find_if(kParsers, [last](const ParserName& each) {
    return each.ours == last || (!each.logster.empty() && each.logster == last);
  });
  if (found == kParsers.end()) {
    std::string known;
    for (const ParserName& each : kParsers) {
      known += " " + std::string(each.logster.empty() ? each.ours : each.logster);
    }
    return Error{"no parser \"" + name + "\"; there are:" + known};
  }
  LogParserOptions parsed;
  parsed.format = found->format;
  CLI::App reader("options of " + name, name);
  reader.set_help_flag();
  add_options(reader, parsed);
  try {
    reader.parse(options);
  } catch (const CLI::ParseError& wrong) {
    return Error{wrong.what()}.in("--parser-options");
  }
  return make_log_parser(parsed);
}

}  // namespace carbon_spool
