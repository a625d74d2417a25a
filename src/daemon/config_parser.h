#pragma once

#include <optional>

#include "carbon_spool/logs/make_log_parser.h"

#include "config_table.h"

namespace carbon_spool {

/// Reads `parser`, and the keys of that parser, of an input that follows files:
/// docs/log-parsers.md. None: `"graphite"`, the default: the lines are points as they are.
[[nodiscard]] std::optional<LogParserOptions> read_log_parser(ConfigTable& table);

}  // namespace carbon_spool
