#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {

inline constexpr std::uint32_t kNow = 1'700'000'000;

/// What became of some lines.
struct Outcome {
  std::string lines;  ///< normalised
  RefusalCounts refused{};
  ParsedLines parsed;

  [[nodiscard]] std::uint64_t refused_for(Refusal reason) const {
    return refused[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t refused_lines() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : refused) sum += each;
    return sum;
  }
};

/// Parses with `room_bytes` of room.
inline Outcome parse(std::string_view bytes, std::size_t room_bytes) {
  // Of the exact size, unlike a string, so that the address sanitizer sees every step beyond.
  const std::vector<char> input(bytes.begin(), bytes.end());
  std::vector<char> room(room_bytes);
  Outcome outcome;
  outcome.parsed = parse_lines({input.data(), input.size()}, room, kNow, outcome.refused);
  outcome.lines.assign(room.data(), outcome.parsed.written);
  return outcome;
}

/// Parses with room enough.
inline Outcome parse(std::string_view bytes) {
  std::size_t lines = 1;
  for (const char byte : bytes) lines += byte == '\n' ? 1u : 0u;
  return parse(bytes, bytes.size() + lines * kMaxStampBytes);
}

/// What becomes of one line, given without LF: the normalised line without LF, or the name of the
/// reason why it is refused, in angle brackets.
inline std::string fate(std::string_view line) {
  const Outcome outcome = parse(std::string(line) + '\n');
  if (outcome.parsed.points == 1) return outcome.lines.substr(0, outcome.lines.size() - 1);
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    if (outcome.refused[i] == 1)
      return '<' + std::string(name_of(Refusal{static_cast<std::uint8_t>(i)})) + '>';
  }
  return "neither taken nor refused";
}

/// Whether a fate is a refusal. A timestamp never ends in a bracket.
inline bool is_refusal(std::string_view fate) {
  return fate.back() == '>';
}

}  // namespace carbon_spool
