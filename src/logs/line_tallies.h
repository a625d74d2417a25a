#pragma once

#include <memory>
#include <string>
#include <vector>

#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

// The parsers that are sorts of lines, with the names and units of Logster's parsers of the same
// purpose; what is mended is in docs/log-parsers.md (source: etsy/logster 1.0.1,
// `logster/parsers`).

/// Status classes of an access log.
[[nodiscard]] std::unique_ptr<LogParser> make_http_status_parser();

/// Squid's access log in its native format.
[[nodiscard]] std::unique_ptr<LogParser> make_squid_parser();

/// Lines of each of the levels. Levels are of letters, digits and `_`.
[[nodiscard]] std::unique_ptr<LogParser> make_log4j_parser(const std::vector<std::string>& levels);

/// Apache's error log, lines in ten seconds.
[[nodiscard]] std::unique_ptr<LogParser> make_apache_error_parser();

}  // namespace carbon_spool
