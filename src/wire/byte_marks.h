#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace carbon_spool {

/// What one look at some bytes of lines leaves.
struct ByteMarks {
  /// Bytes that have a bit each in a word, the first byte the lowest.
  static constexpr std::size_t kBlock = 64;
  static constexpr std::size_t kMostBlocks = 32;
  /// The most bytes that are looked at.
  static constexpr std::size_t kMostBytes = kMostBlocks * kBlock;
  /// That many ends of a block are noted even if there are fewer.
  static constexpr std::size_t kEndsAtOnce = 4;

  std::size_t ends = 0;
  /// Where bytes are that are not printable ASCII (0x21 to 0x7e; a blank is none): there fields and
  /// lines end. Beyond `ends` it has no meaning, like all that follows not initialised: that would
  /// take as long as the work on a short line.
  std::array<std::uint16_t, kMostBytes + kEndsAtOnce> end_at;
  /// Which bytes are none of the ten ASCII digits. No meaning for what was not looked at.
  std::array<std::uint64_t, kMostBlocks + 1> no_digit;

  /// Those of 64 bytes from `at` on.
  [[nodiscard]] std::uint64_t no_digits_from(std::size_t at) const {
    const std::size_t index = at / kBlock;
    const std::size_t bit = at % kBlock;
    // Two shifts, because one by all 64 bits is undefined.
    return no_digit[index] >> bit | no_digit[index + 1] << 1 << (kBlock - 1 - bit);
  }
};

/// Looks at `bytes`, of which there are at most ByteMarks::kMostBytes.
using MarkBytes = void (*)(std::string_view bytes, ByteMarks& marks);

/// The fastest for the machine that this runs on.
[[nodiscard]] MarkBytes byte_marker();

/// All that this machine can run, the fastest first; they do the same.
[[nodiscard]] std::vector<MarkBytes> byte_markers();

}  // namespace carbon_spool
