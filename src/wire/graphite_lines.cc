#include "carbon_spool/wire/graphite_lines.h"

#include <cstring>
#include <optional>

#include "carbon_spool/base/assert.h"

#include "decimal.h"
#include "line_fields.h"
#include "plain_lines.h"
#include "point.h"

namespace carbon_spool {
namespace {

/// Whether a line may be looked at, `line_bytes` without LF.
bool fits(std::size_t line_bytes, std::size_t room) {
  return room >= line_bytes + kMaxStampBytes;
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
  PlainLines plain_lines(bytes);
  while (at != end) {
    const PlainRun run = plain_lines.run_at(at, parse.room_left());
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
