#pragma once

#include <memory>

#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {

/// Histograms that bpftrace prints, as counts a bucket and interval: docs/log-parsers.md.
[[nodiscard]] std::unique_ptr<LogParser> make_bpftrace_parser(const BpftraceOptions& options);

}  // namespace carbon_spool
