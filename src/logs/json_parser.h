#pragma once

#include <memory>
#include <string>

#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// The numbers of the last line of an interval that is a JSON object, each under the keys that lead
/// to it, joined by `key_separator`, as Logster's parser has them: docs/log-parsers.md (source:
/// etsy/logster 1.0.1, `logster/parsers/JsonLogster.py`).
[[nodiscard]] std::unique_ptr<LogParser> make_json_parser(std::string key_separator);

}  // namespace carbon_spool
