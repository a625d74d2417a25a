#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/logs/log_place.h"

namespace carbon_spool {

// A log file from run to run of a program that is started again and again: what has been written to
// it since, in whichever of its rotated generations it is now (`open_generations`).

/// The place behind the last whole line that there is now.
[[nodiscard]] Result<LogPlace> end_of_log(const std::string& file);

/// What a reading came to.
struct LogReading {
  LogPlace place;              ///< where the next one begins
  bool lost_place = false;     ///< `from` is in no generation: some lines may have been missed
  std::uint64_t too_long = 0;  ///< lines that were left out
};

/// Gives every whole line behind `from` to `take`, oldest first. The end of the newest generation
/// is left for the next time if it is no whole line; of an older one it is a line. Where the place
/// is lost, only the newest generation is read, from its beginning.
[[nodiscard]] Result<LogReading> read_log(const std::string& file, const LogPlace& from,
                                          const std::function<void(std::string_view)>& take);

}  // namespace carbon_spool
