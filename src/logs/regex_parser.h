#pragma once

#include <memory>
#include <vector>

#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {

/// What a person's own expressions find: docs/log-parsers.md. Fails as `make_log_parser`.
[[nodiscard]] Result<std::unique_ptr<LogParser>> make_regex_parser(
    const std::vector<RegexMetric>& metrics);

}  // namespace carbon_spool
