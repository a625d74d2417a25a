#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "carbon_spool/wire/refusal.h"
#include "carbon_spool/wire/written_points.h"

namespace carbon_spool {

/// Graphite's pickle protocol: frames to normalised lines, without sockets.
///
/// A frame is four bytes of length, big-endian, and so many bytes of a Python pickle of
/// `[(path, (timestamp, value)), …]` (source: carbon 1.1.7, `lib/carbon/protocols.py`). The pickle
/// is read by opcode (source: Python 3.11, `Lib/pickletools.py`), protocols 0 to 5, and only by
/// those that make lists, tuples, texts and numbers. Of classes, calls and references to anything
/// outside the reader knows nothing but that they are refused. The rules in full:
/// docs/pickle-input.md.

inline constexpr std::size_t kFrameHeaderBytes = 4;
/// A pickle's bytes: carbon closes the connection beyond (MetricPickleReceiver.MAX_LENGTH).
inline constexpr std::size_t kMaxFrameBytes = std::size_t{1} << 20;

/// The pickle's bytes by its frame's header, of which all kFrameHeaderBytes must be there.
[[nodiscard]] std::size_t frame_bytes(std::string_view header);

// What one pickle may ask for. All of it is more than a list of points has in kMaxFrameBytes, where
// the shortest of them takes eleven bytes.
inline constexpr std::size_t kMaxPickleItems = std::size_t{1} << 17;  ///< on the stack, in the list
inline constexpr std::size_t kMaxPickleElements = std::size_t{1}
                                                  << 19;  ///< of all lists and tuples
inline constexpr std::size_t kMaxPickleMemo = std::size_t{1} << 18;
inline constexpr std::size_t kMaxPickleDepth = 16;
/// Plaintext out of one frame. A path that is written once and named again by the memo for each of
/// its points makes more text than bytes came in, but not without end.
inline constexpr std::size_t kMaxPickleText = std::size_t{16} << 20;

/// Reads one pickle after the other, with memory that it keeps from one to the next: no allocation
/// for a point. What a large one took beyond some MiB is given back. Threads: one.
class PickleReader {
 public:
  PickleReader();
  ~PickleReader();
  PickleReader(const PickleReader&) = delete;
  PickleReader& operator=(const PickleReader&) = delete;

  /// Reads a frame's pickle as a whole, at most kMaxFrameBytes, which must stay where they are
  /// until its points are written. None: it is one, and its items are to be written. Otherwise
  /// BadPickle, UnsafePickle or PickleTooLarge, and there is nothing to write.
  [[nodiscard]] std::optional<Refusal> read(std::string_view pickle);

  /// Writes the next items' points to `room`, normalised, until all are `written` or the room, at
  /// least a line of kMaxLineBytes and its LF, is full. `now` (Unix seconds, 1 to 4294967295)
  /// stamps points that came without a timestamp. Items that are no good point are added to
  /// `refused`, each for itself, under the reason that a line of the same content has, or BadItem
  /// if there is no such line.
  [[nodiscard]] WrittenPoints write(std::span<char> room, std::uint32_t now,
                                    RefusalCounts& refused);
  [[nodiscard]] bool all_written() const;

  /// Of the item that `write` refused last, for the log: `path value timestamp`, or what kind of
  /// thing it is.
  [[nodiscard]] std::string last_refused() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carbon_spool
