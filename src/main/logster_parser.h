#pragma once

#include <memory>
#include <string>

#include "carbon_spool/base/result.h"
#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// A parser by Logster's name (`SampleLogster`, also with the package in front), or by ours
/// (`http_status`, `bpftrace`), with its options as Logster's `--parser-options` has them.
[[nodiscard]] Result<std::unique_ptr<LogParser>> logster_parser(const std::string& name,
                                                                const std::string& options);

}  // namespace carbon_spool
