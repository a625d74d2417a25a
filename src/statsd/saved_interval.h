#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "aggregates.h"

namespace carbon_spool {

// The open interval as a text, which outlives the process beside the queue.
//
//     statsd 1 LF                              the version
//     c NAME VALUE LF                          a counter
//     t NAME COUNT VALUE… LF                   a timer
//     g NAME VALUE FLUSHES_LEFT LF             a gauge
//     s NAME MEMBER… LF                        a set
//
// Fields have a blank between them. NAME and MEMBER are `LENGTH:bytes`; numbers are JavaScript's.

/// None if it were longer than `most_bytes`.
[[nodiscard]] std::optional<std::string> save_interval(Aggregates& aggregates,
                                                       std::size_t most_bytes);

/// Adds what was saved, as far as limits and `saved` allow; or only its gauges. False: it is
/// damaged.
[[nodiscard]] bool restore_interval(std::string_view saved, bool only_gauges,
                                    Aggregates& aggregates);

}  // namespace carbon_spool
