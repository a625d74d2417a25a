#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

// A log file from run to run of a program that is started again and again: what has been written to
// it since, in whichever of its rotated generations it is now. Generations are the file itself,
// then FILE.0, FILE.1, … and then FILE-20240301, FILE.2024-03-01, …, newest first; any may be
// compressed (FILE.1.gz).

/// How far a log has been read.
struct LogPlace {
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;     ///< behind the last whole line
  std::uint64_t head_hash = 0;  ///< of as much of the file's beginning as `head_bytes` says
  std::uint64_t head_bytes = 0;

  friend bool operator==(const LogPlace&, const LogPlace&) = default;
};

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
