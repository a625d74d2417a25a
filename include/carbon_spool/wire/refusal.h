#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carbon_spool {

/// Why something was refused, whatever the protocol. The names are part of `status --json`, and of
/// the notes beside the queue. Which of several reasons counts is told where a protocol is read.
enum class Refusal : std::uint8_t {
  NoValue,        ///< empty line, or a path alone
  TooManyFields,  ///< more than path, value, timestamp
  BadEncoding,    ///< a control byte other than a blank, or invalid UTF-8
  LineTooLong,    ///< more than kMaxLineBytes
  PathTooLong,    ///< more than kMaxPathBytes, or an element over kMaxElementBytes
  BadValue,       ///< not a finite decimal number
  BadTimestamp,   ///< not a number, or outside 1 to 4294967295
  Unterminated,   ///< the last line of a stream, without its LF: it may be half a line
};
inline constexpr std::size_t kRefusalCount = 8;

/// `no_value`, `too_many_fields`, `bad_encoding`, `line_too_long`, `path_too_long`, `bad_value`,
/// `bad_timestamp`, `unterminated`.
[[nodiscard]] std::string_view name_of(Refusal reason);

/// How much was refused, by reason.
using RefusalCounts = std::array<std::uint64_t, kRefusalCount>;

}  // namespace carbon_spool
