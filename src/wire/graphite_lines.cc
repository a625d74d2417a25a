#include "carbon_spool/wire/graphite_lines.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "carbon_spool/base/assert.h"

#include "decimal.h"
#include "line_fields.h"
#include "point.h"
#include "printable.h"

namespace carbon_spool {
namespace {

/// Lines that go through as they are, at the front of some bytes.
struct PlainRun {
  const char* end;
  std::uint32_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;
};

/// Digits before and after the point of a plain value; far from overflow.
constexpr std::ptrdiff_t kMaxPlainDigits = 100;
/// Blank, ten digits of a timestamp, LF.
constexpr std::ptrdiff_t kPlainTailBytes = 12;

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/// The end of `[-] digits [. digits]` at `at`, or null if there is none.
const char* plain_value_end(const char* at, const char* end) {
  if (at != end && *at == '-') ++at;
  const char* const limit = at + std::min(end - at, kMaxPlainDigits);
  const char* const digits = at;
  while (at != limit && is_digit(*at)) ++at;
  if (at == digits) return nullptr;
  if (at != limit && *at == '.') {
    ++at;
    while (at != limit && is_digit(*at)) ++at;
  }
  return at;
}

/// Ten digits as a number; 0 if they are not.
std::uint64_t ten_digits(const char* at) {
  std::uint64_t number = 0;
  bool all_digits = true;
  for (int i = 0; i < 10; ++i) {
    const auto digit = static_cast<unsigned char>(at[i] - '0');
    all_digits &= digit <= 9;
    number = number * 10 + digit;
  }
  return all_digits ? number : 0;
}

/// The end of a plain line at `at`, its LF included: a short path of printable ASCII, a blank, a
/// plain value, a blank, ten digits, LF. Null if what is there is anything else, or unfinished.
const char* plain_line_end(const char* at, const char* end, std::uint32_t& timestamp) {
  const char* const path_end = skip_printable(at, end);
  const auto path_bytes = static_cast<std::size_t>(path_end - at);
  if (path_bytes == 0 || path_bytes > kMaxElementBytes) return nullptr;
  if (path_end == end || *path_end != ' ') return nullptr;

  const char* const tail = plain_value_end(path_end + 1, end);
  if (tail == nullptr || end - tail < kPlainTailBytes) return nullptr;
  if (tail[0] != ' ' || tail[kPlainTailBytes - 1] != '\n') return nullptr;
  const std::uint64_t seconds = ten_digits(tail + 1);
  if (seconds == 0 || seconds > UINT32_MAX) return nullptr;
  timestamp = static_cast<std::uint32_t>(seconds);
  return tail + kPlainTailBytes;
}

/// Whether a line may be looked at, `line_bytes` without LF.
bool fits(std::size_t line_bytes, std::size_t room) {
  return room >= line_bytes + kMaxStampBytes;
}

/// The plain lines at the front of the bytes, as many as `room` has space for.
PlainRun plain_run(const char* begin, const char* end, std::size_t room) {
  PlainRun run{begin};
  std::uint32_t timestamp = 0;
  while (const char* const next = plain_line_end(run.end, end, timestamp)) {
    const auto line_bytes = static_cast<std::size_t>(next - run.end) - 1;
    if (!fits(line_bytes, room - static_cast<std::size_t>(run.end - begin))) break;
    run.end = next;
    ++run.points;
    run.oldest_timestamp = std::min(run.oldest_timestamp, timestamp);
    run.newest_timestamp = std::max(run.newest_timestamp, timestamp);
  }
  return run;
}

std::optional<Refusal> read_point(std::string_view line, Point& point) {
  const LineFields fields = split_fields(line);
  if (!fields.well_encoded) return Refusal::BadEncoding;
  if (fields.count < 2) return Refusal::NoValue;
  if (fields.count > 3) return Refusal::TooManyFields;
  point.path = fields.field[0];
  point.value = fields.field[1];
  if (is_path_too_long(point.path)) return Refusal::PathTooLong;
  if (!is_finite_decimal(point.value)) return Refusal::BadValue;
  if (fields.count == 3 && !set_timestamp(fields.field[2], point)) return Refusal::BadTimestamp;
  return std::nullopt;
}

/// One call of `parse_lines` or `parse_line`.
class Parse {
 public:
  Parse(std::span<char> room, std::uint32_t now, RefusalCounts& refused,
        std::string_view* last_refused)
      : writer_(room, now), refused_(refused), last_refused_(last_refused) {}

  [[nodiscard]] std::size_t room_left() const { return writer_.room_left(); }

  void take_run(const char* begin, const PlainRun& run) {
    writer_.copy(begin, static_cast<std::size_t>(run.end - begin), run.points, run.oldest_timestamp,
                 run.newest_timestamp);
  }

  /// Takes or refuses a line, for which there must be room.
  void take_line(std::string_view line) {
    Point point;
    if (const auto reason = read_point(line, point)) return refuse(*reason, line);
    if (const auto reason = writer_.write(point)) refuse(*reason, line);
  }

  void refuse(Refusal reason, std::string_view line) {
    ++refused_[static_cast<std::size_t>(reason)];
    if (last_refused_ != nullptr) *last_refused_ = line;
  }

  [[nodiscard]] ParsedLines done(std::size_t consumed) const {
    return {writer_.written(), consumed};
  }

 private:
  PointWriter writer_;
  RefusalCounts& refused_;
  std::string_view* const last_refused_;
};

}  // namespace

ParsedLines parse_lines(std::string_view bytes, std::span<char> room, std::uint32_t now,
                        RefusalCounts& refused, std::string_view* last_refused) {
  Parse parse(room, now, refused, last_refused);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    const PlainRun run = plain_run(at, end, parse.room_left());
    parse.take_run(at, run);
    at = run.end;

    const auto left = static_cast<std::size_t>(end - at);
    const auto* const newline = static_cast<const char*>(std::memchr(at, '\n', left));
    if (newline == nullptr) break;
    const std::string_view line(at, static_cast<std::size_t>(newline - at));
    if (line.size() > kMaxLineBytes) {
      parse.refuse(Refusal::LineTooLong, line);
    } else if (fits(line.size(), parse.room_left())) {
      parse.take_line(line);
    } else {
      break;
    }
    at = newline + 1;
  }
  return parse.done(static_cast<std::size_t>(at - bytes.data()));
}

ParsedLines parse_line(std::string_view line, std::span<char> room, std::uint32_t now,
                       RefusalCounts& refused) {
  Parse parse(room, now, refused, nullptr);
  if (line.size() > kMaxLineBytes) {
    parse.refuse(Refusal::LineTooLong, line);
  } else {
    CS_ASSERT(fits(line.size(), room.size()));
    parse.take_line(line);
  }
  return parse.done(line.size());
}

}  // namespace carbon_spool
