#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "carbon_spool/wire/refusal.h"
#include "carbon_spool/wire/written_points.h"

namespace carbon_spool {

/// The Graphite plaintext protocol: bytes to normalised lines, without sockets.
///
/// A normalised line is `path SP value SP timestamp LF`, path, value and timestamp byte for byte as
/// they came. What carbon stores as a finite number is taken; everything else is refused under one
/// of the reasons below (source: carbon 1.1.7, `lib/carbon/protocols.py`, and runs of its
/// carbon-cache). The rules in full, and where they differ from carbon's on purpose:
/// docs/graphite-input.md.

/// A line's bytes before its LF, a CR included: carbon closes the connection beyond (Twisted's
/// LineOnlyReceiver.MAX_LENGTH). No normalised line is longer either.
inline constexpr std::size_t kMaxLineBytes = 16384;
/// A path's bytes: Linux's PATH_MAX of 4096 less what carbon puts around it. This limit and the
/// next are not for tagged series, whose files carbon names by a hash.
inline constexpr std::size_t kMaxPathBytes = 4000;
/// Bytes between two dots or slashes of a path: Linux's NAME_MAX of 255 less ".wsp".
inline constexpr std::size_t kMaxElementBytes = 250;
/// The most that normalising adds to a line: a blank, ten digits of a timestamp, LF.
inline constexpr std::size_t kMaxStampBytes = 12;

/// Of several reasons to refuse a line the first counts, in this order: LineTooLong, BadEncoding,
/// NoValue, TooManyFields, PathTooLong, BadValue, BadTimestamp; last, LineTooLong for a line that
/// its stamp would make too long.

/// What `parse_lines` did.
struct ParsedLines : WrittenPoints {
  std::size_t consumed = 0;  ///< bytes of the input that are done with
};

/// Reads the whole lines (ending in LF) at the front of `bytes` and writes the good ones,
/// normalised, to `room`. Stops before a line without LF, and before a line of at most
/// kMaxLineBytes if less than its bytes before the LF and kMaxStampBytes are left in `room`. Longer
/// lines that do have their LF in `bytes` are refused here; the caller looks after one that has not
/// (see `input`). `now` (Unix seconds, 1 to 4294967295) stamps points that came without a
/// timestamp. Refusals are added to `refused`; `last_refused`, if given, is set to the last refused
/// line (a view into `bytes`) for the log.
///
/// Never allocates, never reads outside `bytes`, never writes outside `room`. Threads: any.
[[nodiscard]] ParsedLines parse_lines(std::string_view bytes, std::span<char> room,
                                      std::uint32_t now, RefusalCounts& refused,
                                      std::string_view* last_refused = nullptr);

/// One line, without LF, as it is the last of a datagram. Writes it normalised to `room`, which
/// must have space for a line of at most kMaxLineBytes and kMaxStampBytes. As `parse_lines`
/// otherwise; `consumed` is always the whole line.
[[nodiscard]] ParsedLines parse_line(std::string_view line, std::span<char> room, std::uint32_t now,
                                     RefusalCounts& refused);

}  // namespace carbon_spool
