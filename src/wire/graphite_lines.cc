#include "carbon_spool/wire/graphite_lines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "carbon_spool/base/assert.h"

#include "decimal.h"
#include "line_fields.h"
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

/// Whether carbon names the series' file by a hash: it is tagged, as `name;tag=value` or as
/// `name{tag="value"}`. Its length does not matter then.
bool is_tagged(std::string_view path) {
  return path.find(';') != path.npos || (path.ends_with("\"}") && path.find('{') != path.npos);
}

bool is_path_too_long(std::string_view path) {
  if (path.size() <= kMaxElementBytes || is_tagged(path)) return false;
  if (path.size() > kMaxPathBytes) return true;
  while (path.size() > kMaxElementBytes) {
    const std::size_t element_bytes = path.find_first_of("./");
    if (std::min(element_bytes, path.size()) > kMaxElementBytes) return true;
    path.remove_prefix(element_bytes + 1);
  }
  return false;
}

/// A good line taken apart.
struct Point {
  std::string_view path;
  std::string_view value;
  std::string_view timestamp;  ///< empty: to be stamped
  std::uint32_t seconds = 0;   ///< the integer part of `timestamp`
};

/// Reads the third field into the point; false if it is no timestamp.
bool read_timestamp(std::string_view text, Point& point) {
  if (text == "N") return true;
  const std::optional<double> number = decimal_to_double(text);
  if (!number) return false;
  const double seconds = std::trunc(*number);
  if (seconds == -1) return true;
  if (seconds < 1 || seconds > UINT32_MAX) return false;
  point.timestamp = text;
  point.seconds = static_cast<std::uint32_t>(seconds);
  return true;
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
  if (fields.count == 3 && !read_timestamp(fields.field[2], point)) return Refusal::BadTimestamp;
  return std::nullopt;
}

char* append(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// One call of `parse_lines` or `parse_line`.
class Parse {
 public:
  Parse(std::span<char> room, std::uint32_t now, RefusalCounts& refused,
        std::string_view* last_refused)
      : room_(room), now_(now), refused_(refused), last_refused_(last_refused) {
    CS_ASSERT(now != 0);
  }

  [[nodiscard]] std::size_t room_left() const { return room_.size() - parsed_.written; }

  void take_run(const char* begin, const PlainRun& run) {
    const auto bytes = static_cast<std::size_t>(run.end - begin);
    if (bytes == 0) return;
    std::memcpy(room_.data() + parsed_.written, begin, bytes);
    count(bytes, run.points, run.oldest_timestamp, run.newest_timestamp);
  }

  /// Takes or refuses a line, for which there must be room.
  void take_line(std::string_view line) {
    Point point;
    if (const auto reason = read_point(line, point)) return refuse(*reason, line);

    char stamp[10];
    if (point.timestamp.empty()) {
      const char* const stamp_end = std::to_chars(stamp, stamp + sizeof stamp, now_).ptr;
      point.timestamp = {stamp, static_cast<std::size_t>(stamp_end - stamp)};
      point.seconds = now_;
    }
    const std::size_t bytes = point.path.size() + point.value.size() + point.timestamp.size() + 2;
    // With its stamp it may have grown beyond what the next receiver takes.
    if (bytes > kMaxLineBytes) return refuse(Refusal::LineTooLong, line);

    char* out = room_.data() + parsed_.written;
    out = append(out, point.path);
    *out++ = ' ';
    out = append(out, point.value);
    *out++ = ' ';
    out = append(out, point.timestamp);
    *out = '\n';
    count(bytes + 1, 1, point.seconds, point.seconds);
  }

  void refuse(Refusal reason, std::string_view line) {
    ++refused_[static_cast<std::size_t>(reason)];
    if (last_refused_ != nullptr) *last_refused_ = line;
  }

  [[nodiscard]] ParsedLines done(std::size_t consumed) {
    parsed_.consumed = consumed;
    return parsed_;
  }

 private:
  void count(std::size_t bytes, std::uint32_t points, std::uint32_t oldest, std::uint32_t newest) {
    parsed_.written += bytes;
    parsed_.points += points;
    parsed_.oldest_timestamp = std::min(parsed_.oldest_timestamp, oldest);
    parsed_.newest_timestamp = std::max(parsed_.newest_timestamp, newest);
  }

  const std::span<char> room_;
  const std::uint32_t now_;
  RefusalCounts& refused_;
  std::string_view* const last_refused_;
  ParsedLines parsed_;
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
