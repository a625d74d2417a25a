#include "log_backlog.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "carbon_spool/logs/log_generation.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kChunk = std::size_t{64} << 10;

void finish_line(std::string& line, bool& is_too_long, std::uint64_t& too_long,
                 const std::function<void(std::string_view)>& take) {
  if (std::exchange(is_too_long, false)) {
    ++too_long;
  } else {
    take(line.ends_with('\r') ? std::string_view(line).substr(0, line.size() - 1) : line);
  }
  line.clear();
}

/// Lines from `offset` on. Returns the place behind the last whole one.
Result<LogPlace> read_from(LogGeneration& log, std::uint64_t offset, bool end_is_line,
                           std::uint64_t& too_long,
                           const std::function<void(std::string_view)>& take) {
  std::string rest;          // what is not a whole line yet
  bool is_too_long = false;  // it was, and its beginning is gone
  std::uint64_t behind_line = offset;
  std::uint64_t behind_all = offset;
  std::array<char, kChunk> chunk{};
  while (true) {
    const auto count = log.read_at(behind_all, chunk);
    if (!count) return count.error();
    if (count.value() == 0) break;
    std::string_view bytes(chunk.data(), count.value());
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t length = std::min(end, bytes.size());
      if (rest.size() + length > kLongestLine) is_too_long = true;
      if (is_too_long) {
        rest.clear();
      } else {
        rest.append(bytes.substr(0, length));
      }
      behind_all += length;
      bytes.remove_prefix(length);
      if (end == std::string_view::npos) break;
      finish_line(rest, is_too_long, too_long, take);
      bytes.remove_prefix(1);
      behind_line = ++behind_all;
    }
  }
  if (end_is_line && behind_all > behind_line) {
    finish_line(rest, is_too_long, too_long, take);
    behind_line = behind_all;
  }
  const auto keeper = log.keeper_at(behind_line);
  if (!keeper) return keeper.error();
  return keeper.value().place(log.id());
}

/// Which one has the place in it, or how many there are. It is the same file, or, of a rotation
/// that copies or compresses, another that begins in the same way; never the newest then.
Result<std::size_t> generation_with(const LogPlace& place,
                                    std::vector<LogGeneration>& generations) {
  for (const bool is_copy : {false, true}) {
    // What begins with nothing is no copy of anything.
    if (is_copy && place.head_bytes == 0) break;
    for (std::size_t i = is_copy ? 1 : 0; i < generations.size(); ++i) {
      if (!is_copy && generations[i].id() != place.file) continue;
      const auto has = generations[i].has(place);
      if (!has) return has.error();
      if (has.value()) return i;
    }
  }
  return generations.size();
}

}  // namespace

Result<LogPlace> end_of_log(const std::string& file) {
  auto newest = LogGeneration::open(file);
  if (!newest) return newest.error();
  if (!newest.value()) return Error{"no such file"}.in(file);
  std::uint64_t ignored = 0;
  return read_from(*newest.value(), 0, false, ignored, [](std::string_view) {});
}

Result<LogReading> read_log(const std::string& file, const LogPlace& from,
                            const std::function<void(std::string_view)>& take) {
  auto opened = open_generations(file);
  if (!opened) return opened.error();
  std::vector<LogGeneration>& generations = opened.value();
  if (generations.empty()) return Error{"no such file"}.in(file);
  const auto found = generation_with(from, generations);
  if (!found) return found.error();
  const bool is_lost = found.value() == generations.size();
  generations.erase(
      generations.begin() + static_cast<std::ptrdiff_t>(is_lost ? 1 : found.value() + 1),
      generations.end());

  LogReading reading;
  reading.lost_place = is_lost;
  for (std::size_t i = generations.size(); i-- > 0;) {
    const bool is_first = i == generations.size() - 1;
    const auto place = read_from(generations[i], is_first && !is_lost ? from.offset : 0, i > 0,
                                 reading.too_long, take);
    if (!place) return place.error();
    reading.place = place.value();
  }
  return reading;
}

}  // namespace carbon_spool
