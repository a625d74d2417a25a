#pragma once

#include <memory>

#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// Postfix's deliveries, with the names and units of Logster's parser: docs/log-parsers.md
/// (source: etsy/logster 1.0.1, `logster/parsers/PostfixLogster.py`).
[[nodiscard]] std::unique_ptr<LogParser> make_postfix_parser();

}  // namespace carbon_spool
