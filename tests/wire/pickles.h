#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/pickle_frames.h"

#include "lines.h"

namespace carbon_spool {

/// What became of a pickle.
struct Unpickled {
  std::optional<Refusal> refused_whole;
  std::string lines;
  RefusalCounts refused{};
  std::uint64_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;
  std::string last_refused;

  friend bool operator==(const Unpickled&, const Unpickled&) = default;

  [[nodiscard]] std::uint64_t refused_for(Refusal reason) const {
    return refused[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t refused_items() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : refused) sum += each;
    return sum;
  }
};

/// The same pickle with something in front that comes to nothing, and that no list of points begins
/// with: PickleMachine reads it.
inline std::string for_the_machine(std::string_view pickle) {
  return "N0" + std::string(pickle);
}

inline Unpickled unpickle_once(std::string_view pickle, PickleReader& reader,
                               std::size_t room_bytes) {
  // Of the exact size, unlike a string, so that the address sanitizer sees every step beyond.
  const std::vector<char> input(pickle.begin(), pickle.end());
  Unpickled result;
  result.refused_whole = reader.read({input.data(), input.size()});
  if (result.refused_whole) {
    CHECK(reader.all_written());
    return result;
  }
  while (!reader.all_written()) {
    std::vector<char> room(room_bytes);
    const WrittenPoints written = reader.write(room, kNow, result.refused);
    result.lines.append(room.data(), written.written);
    result.points += written.points;
    result.oldest_timestamp = std::min(result.oldest_timestamp, written.oldest_timestamp);
    result.newest_timestamp = std::max(result.newest_timestamp, written.newest_timestamp);
  }
  result.last_refused = reader.last_refused();
  return result;
}

/// Reads a pickle with `reader`, its points written with `room_bytes` of room at a time. The
/// machine must find the same in it.
inline Unpickled unpickle(std::string_view pickle, PickleReader& reader,
                          std::size_t room_bytes = 64 * 1024) {
  const Unpickled result = unpickle_once(pickle, reader, room_bytes);
  const std::string longer = for_the_machine(pickle);
  // Being longer it may ask for more.
  if (longer.size() <= kMaxFrameBytes && result.refused_whole != Refusal::PickleTooLarge) {
    const bool same = unpickle_once(longer, reader, room_bytes) == result;
    CHECK(same);
  }
  return result;
}

inline Unpickled unpickle(std::string_view pickle) {
  PickleReader reader;
  return unpickle(pickle, reader);
}

/// `"80 02 5d"` as bytes; blanks count for nothing.
inline std::string from_hex(std::string_view hex) {
  std::string digits;
  for (const char each : hex) {
    if (each != ' ') digits += each;
  }
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

/// A pickle of one item, in the opcodes of protocol 0 and 2: `item` makes it.
inline std::string pickle_of(const std::string& item) {
  return "(l" + item + "a.";
}

/// The opcodes of a text of any bytes, and of an item of three things.
inline std::string text_opcode(std::string_view text) {
  std::string opcodes = "X";
  for (int shift = 0; shift < 32; shift += 8) {
    opcodes += static_cast<char>(text.size() >> shift & 0xff);
  }
  return opcodes + std::string(text);
}
inline std::string item_of(const std::string& path, const std::string& timestamp,
                           const std::string& value) {
  return path + timestamp + value + "\x86\x86";
}

}  // namespace carbon_spool
