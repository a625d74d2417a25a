#include "carbon_spool/logs/make_log_parser.h"

#include "carbon_spool/base/assert.h"

#include "bpftrace_parser.h"
#include "json_parser.h"
#include "line_tallies.h"
#include "metric_parser.h"
#include "postfix_parser.h"
#include "regex_parser.h"

namespace carbon_spool {

std::string_view name_of(LogFormat format) {
  using enum LogFormat;
  switch (format) {
    case Bpftrace:
      return "bpftrace";
    case HttpStatus:
      return "http_status";
    case Postfix:
      return "postfix";
    case Squid:
      return "squid";
    case Log4j:
      return "log4j";
    case ApacheError:
      return "apache_error";
    case Metric:
      return "metric";
    case Json:
      return "json";
    case Regex:
      return "regex";
  }
  CS_ASSERT(false);
}

Result<std::unique_ptr<LogParser>> make_log_parser(const LogParserOptions& options) {
  using enum LogFormat;
  switch (options.format) {
    case Bpftrace:
      return make_bpftrace_parser(options.bpftrace);
    case HttpStatus:
      return make_http_status_parser();
    case Postfix:
      return make_postfix_parser();
    case Squid:
      return make_squid_parser();
    case Log4j:
      return make_log4j_parser(options.log_levels);
    case ApacheError:
      return make_apache_error_parser();
    case Metric:
      return make_metric_parser(options.percentiles);
    case Json:
      return make_json_parser(options.key_separator);
    case Regex:
      return make_regex_parser(options.metrics);
  }
  CS_ASSERT(false);
}

}  // namespace carbon_spool
