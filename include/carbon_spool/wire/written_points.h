#pragma once

#include <cstddef>
#include <cstdint>

namespace carbon_spool {

/// What was written to a batch's room as normalised lines: `path SP value SP timestamp LF`.
struct WrittenPoints {
  std::size_t written = 0;   ///< bytes at the front of the room, whole lines
  std::uint32_t points = 0;  ///< lines among them
  /// Least and greatest integer part of their timestamps; of no points, neutral for std::min and
  /// std::max.
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;
};

}  // namespace carbon_spool
