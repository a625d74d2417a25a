#pragma once

#include <memory>
#include <vector>

#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// `METRIC_COUNT metric=NAME value=N` and `METRIC_TIME metric=NAME value=N` in lines of any kind,
/// as Logster's parser has them: docs/log-parsers.md (source: etsy/logster 1.0.1,
/// `logster/parsers/MetricLogster.py`). `percentiles`: of times; over 0, up to 100.
[[nodiscard]] std::unique_ptr<LogParser> make_metric_parser(std::vector<double> percentiles);

}  // namespace carbon_spool
