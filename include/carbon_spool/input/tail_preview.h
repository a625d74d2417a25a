#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"
#include "carbon_spool/input/input.h"

namespace carbon_spool {

/// What a look at files came to, beside points.
struct TailPreview {
  std::size_t files = 0;
  RefusalCounts refused{};
  std::map<std::string, std::string> failing;  ///< files, and why
};

/// Gives `point` each line, LF included, that a tail input with these options would hand over if
/// its files had been written, whole, within one interval that ends at its first multiple from
/// `now` on (Unix seconds). Reads each file from its beginning; keeps nothing. Fails if the name of
/// the host cannot be had. Threads: any.
[[nodiscard]] Result<TailPreview> preview_tail(const TailInputOptions& options, std::int64_t now,
                                               const std::function<void(std::string_view)>& point);

}  // namespace carbon_spool
