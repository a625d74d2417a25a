// Bytes from a stranger through the Graphite line parser. What must hold of any bytes:
//
//   every line is counted once, as a point or under one reason, and exactly the whole lines are
//   consumed what was written parses to itself it makes no difference how the bytes were cut up,
//   nor how much room there was at a time the last line of a datagram fares as any other, and so
//   does each line by itself it makes no difference which instructions look for plain lines

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "plain_lines.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kNow = 1'700'000'000;

struct Outcome {
  std::string lines;
  RefusalCounts refused{};
  std::size_t consumed = 0;
  std::uint64_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;

  void add(const ParsedLines& parsed, const std::vector<char>& room) {
    CS_ASSERT(parsed.written <= room.size());
    lines.append(room.data(), parsed.written);
    consumed += parsed.consumed;
    points += parsed.points;
    oldest_timestamp = std::min(oldest_timestamp, parsed.oldest_timestamp);
    newest_timestamp = std::max(newest_timestamp, parsed.newest_timestamp);
  }
};

/// Parses all whole lines, with `room_bytes` of room at a time.
Outcome parse_in_rooms(std::string_view bytes, std::size_t room_bytes) {
  Outcome outcome;
  for (;;) {
    // Of the exact size, unlike a string, so that the address sanitizer sees every step beyond.
    const std::string_view rest = bytes.substr(outcome.consumed);
    const std::vector<char> left(rest.begin(), rest.end());
    std::vector<char> room(room_bytes);
    const ParsedLines parsed = parse_lines({left.data(), left.size()}, room, kNow, outcome.refused);
    CS_ASSERT(parsed.consumed <= left.size());
    CS_ASSERT(parsed.consumed == 0 || left[parsed.consumed - 1] == '\n');
    if (parsed.consumed == 0) return outcome;
    outcome.add(parsed, room);
  }
}

/// Room for any line.
constexpr std::size_t kLeastRoom = kMaxLineBytes + kMaxStampBytes;

void check_counts(std::string_view bytes, const Outcome& outcome) {
  const auto newlines = [](std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  };
  std::uint64_t refused = 0;
  for (const std::uint64_t each : outcome.refused) refused += each;
  CS_ASSERT(outcome.points + refused == newlines(bytes));
  CS_ASSERT(outcome.points == newlines(outcome.lines));
  CS_ASSERT(outcome.consumed == bytes.rfind('\n') + 1);
}

void check_idempotent(const Outcome& outcome) {
  Outcome expected = outcome;
  expected.refused = {};
  expected.consumed = outcome.lines.size();
  CS_ASSERT(parse_in_rooms(outcome.lines, kLeastRoom + outcome.lines.size()) == expected);
}

void check_cut(std::string_view bytes, std::size_t cut, const Outcome& whole) {
  const Outcome front = parse_in_rooms(bytes.substr(0, cut), kLeastRoom);
  Outcome both = parse_in_rooms(bytes.substr(front.consumed), kLeastRoom);
  both.lines = front.lines + both.lines;
  both.consumed += front.consumed;
  both.points += front.points;
  both.oldest_timestamp = std::min(both.oldest_timestamp, front.oldest_timestamp);
  both.newest_timestamp = std::max(both.newest_timestamp, front.newest_timestamp);
  for (std::size_t i = 0; i < kRefusalCount; ++i) both.refused[i] += front.refused[i];
  CS_ASSERT(both == whole);
}

void check_last_line(std::string_view bytes) {
  const std::string_view last = bytes.substr(bytes.rfind('\n') + 1);
  const std::vector<char> line(last.begin(), last.end());
  const Outcome expected = parse_in_rooms(std::string(last) + '\n', kLeastRoom);
  std::vector<char> room(std::min(line.size(), kMaxLineBytes) + kMaxStampBytes);
  Outcome outcome;
  outcome.add(parse_line({line.data(), line.size()}, room, kNow, outcome.refused), room);
  CS_ASSERT(outcome.consumed == line.size());
  CS_ASSERT(outcome.lines == expected.lines && outcome.refused == expected.refused);
}

/// A line by itself is taken apart; among others it may be found to be plain.
void check_line_by_line(std::string_view bytes, const Outcome& whole) {
  Outcome outcome;
  std::vector<char> room(kLeastRoom);
  while (outcome.consumed < whole.consumed) {
    const std::size_t newline = bytes.find('\n', outcome.consumed);
    const std::string_view line = bytes.substr(outcome.consumed, newline - outcome.consumed);
    outcome.add(parse_line(line, room, kNow, outcome.refused), room);
    ++outcome.consumed;
  }
  CS_ASSERT(outcome == whole);
}

std::vector<std::size_t> plain_line_ends(std::string_view bytes, MarkBytes marker) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const std::string_view all(exact.data(), exact.size());
  PlainLines lines(all, marker);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < all.size();) {
    const PlainRun run = lines.run_at(all.data() + at, 2 * all.size() + kMaxStampBytes);
    at = static_cast<std::size_t>(run.end - all.data());
    ends.push_back(at);
    ends.push_back(run.points);
    const std::size_t newline = all.find('\n', at);
    if (newline == all.npos) break;
    at = newline + 1;
  }
  return ends;
}

void check_markers(std::string_view bytes) {
  const std::vector<MarkBytes> markers = byte_markers();
  for (const MarkBytes each : markers) {
    CS_ASSERT(plain_line_ends(bytes, each) == plain_line_ends(bytes, markers.front()));
  }
}

}  // namespace
}  // namespace carbon_spool

/// The first two bytes say where the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbon_spool;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::size_t cut = (data[0] * 256u + data[1]) % (bytes.size() + 1);

  const Outcome whole = parse_in_rooms(bytes, kLeastRoom + 2 * bytes.size() * kMaxStampBytes);
  check_counts(bytes, whole);
  check_idempotent(whole);
  check_cut(bytes, cut, whole);
  CS_ASSERT(parse_in_rooms(bytes, kLeastRoom + cut) == whole);
  check_last_line(bytes);
  check_line_by_line(bytes, whole);
  check_markers(bytes);
  return 0;
}
