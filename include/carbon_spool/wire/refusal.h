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
  Unterminated,   ///< the last line or frame of a stream, without its end: it may be half of one
  // Of frames of pickle, as wholes:
  FrameTooLong,    ///< more than kMaxFrameBytes
  BadPickle,       ///< broken, or made of what no list of points needs
  UnsafePickle,    ///< names a class or function, or calls one
  PickleTooLarge,  ///< more items, memo, depth or text than a list of points can need
  // and of one item of the list:
  BadItem,  ///< not `(path, (timestamp, value))`
  // Of StatsD:
  BadLine,        ///< a value that is not good
  TooManyNames,   ///< a value of a new name beyond max_names
  TooMuchMemory,  ///< a value for which max_memory leaves no room
  // Of events:
  BadRequest,     ///< HTTP that is broken, or asks for something else
  BadEvent,       ///< no event as graphite-web takes it
  EventTooLarge,  ///< more than kMaxEventBytes
};
inline constexpr std::size_t kRefusalCount = 19;

/// `no_value`, `too_many_fields`, `bad_encoding`, `line_too_long`, `path_too_long`, `bad_value`,
/// `bad_timestamp`, `unterminated`, `frame_too_long`, `bad_pickle`, `unsafe_pickle`,
/// `pickle_too_large`, `bad_item`, `bad_line`, `too_many_names`, `too_much_memory`, `bad_request`,
/// `bad_event`, `event_too_large`.
[[nodiscard]] std::string_view name_of(Refusal reason);

/// How much was refused, by reason.
using RefusalCounts = std::array<std::uint64_t, kRefusalCount>;

}  // namespace carbon_spool
