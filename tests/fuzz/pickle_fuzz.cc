// Bytes from a stranger through the pickle reader. What must hold of any bytes:
//
//   a pickle is refused as a whole, with nothing written, or read
//   what is written are normalised lines that the line parser takes as they are, all of them
//   it makes no difference how much room there was at a time, nor what was read before
//   the machine reads it as the same, where it was not the machine that read it
//   no pickle makes much more text than it may

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"
#include "carbon_spool/wire/pickle_frames.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kNow = 1'700'000'000;
/// Room for any line.
constexpr std::size_t kLeastRoom = kMaxLineBytes + 1;

struct Outcome {
  std::optional<Refusal> refused_whole;
  std::string lines;
  RefusalCounts refused{};
  std::uint64_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view pickle, PickleReader& reader, std::size_t room_bytes) {
  Outcome outcome;
  outcome.refused_whole = reader.read(pickle);
  CS_ASSERT(!outcome.refused_whole || reader.all_written());
  const std::unique_ptr<char[]> room(new char[room_bytes]);
  while (!reader.all_written()) {
    const WrittenPoints written = reader.write({room.get(), room_bytes}, kNow, outcome.refused);
    CS_ASSERT(written.written <= room_bytes);
    outcome.lines.append(room.get(), written.written);
    outcome.points += written.points;
    outcome.oldest_timestamp = std::min(outcome.oldest_timestamp, written.oldest_timestamp);
    outcome.newest_timestamp = std::max(outcome.newest_timestamp, written.newest_timestamp);
  }
  static_cast<void>(reader.last_refused());
  return outcome;
}

void check_lines(const Outcome& outcome) {
  CS_ASSERT(outcome.lines.size() < kMaxPickleText + kLeastRoom);
  std::vector<char> room(outcome.lines.size() + kMaxStampBytes);
  RefusalCounts refused{};
  const ParsedLines parsed = parse_lines(outcome.lines, room, kNow, refused);
  CS_ASSERT(refused == RefusalCounts{});
  CS_ASSERT(parsed.points == outcome.points && parsed.consumed == outcome.lines.size());
  CS_ASSERT(std::string_view(room.data(), parsed.written) == outcome.lines);
  CS_ASSERT(parsed.oldest_timestamp == outcome.oldest_timestamp);
  CS_ASSERT(parsed.newest_timestamp == outcome.newest_timestamp);
}

}  // namespace
}  // namespace carbon_spool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbon_spool;
  if (size > kMaxFrameBytes) return 0;
  // Of the exact size, so that the address sanitizer sees every step beyond.
  const std::vector<char> pickle(data, data + size);
  const std::string_view bytes(pickle.data(), pickle.size());
  static PickleReader used;
  PickleReader fresh;

  const Outcome outcome = read(bytes, fresh, 4 * kLeastRoom);
  check_lines(outcome);
  CS_ASSERT(read(bytes, used, kLeastRoom) == outcome);
  // Something that comes to nothing, and that no list of points begins with. Being longer, the
  // pickle may ask for more.
  const std::string for_the_machine = "N0" + std::string(bytes);
  if (outcome.refused_whole != Refusal::PickleTooLarge &&
      for_the_machine.size() <= kMaxFrameBytes) {
    CS_ASSERT(read(for_the_machine, used, kLeastRoom) == outcome);
  }
  if (outcome.refused_whole) CS_ASSERT(outcome.lines.empty() && outcome.refused == RefusalCounts{});
  return 0;
}
