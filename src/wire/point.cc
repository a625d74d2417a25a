#include "point.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "decimal.h"

namespace carbon_spool {
namespace {

/// Whether carbon names the series' file by a hash: it is tagged, as `name;tag=value` or as
/// `name{tag="value"}`. Its length does not matter then.
bool is_tagged(std::string_view path) {
  return path.find(';') != path.npos || (path.ends_with("\"}") && path.find('{') != path.npos);
}

char* append(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

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

bool set_timestamp(double number, std::string_view text, Point& point) {
  const double seconds = std::trunc(number);
  if (seconds == -1) return true;
  if (!(seconds >= 1 && seconds <= UINT32_MAX)) return false;
  point.timestamp = text;
  point.seconds = static_cast<std::uint32_t>(seconds);
  return true;
}

bool set_timestamp(std::string_view text, Point& point) {
  if (text == "N") return true;
  const std::optional<double> number = decimal_to_double(text);
  return number && set_timestamp(*number, text, point);
}

PointWriter::PointWriter(std::span<char> room, std::uint32_t now) : room_(room), now_(now) {
  CS_ASSERT(now != 0);
}

std::optional<Refusal> PointWriter::write(const Point& point) {
  char stamp[10];
  std::string_view timestamp = point.timestamp;
  std::uint32_t seconds = point.seconds;
  if (timestamp.empty()) {
    const char* const stamp_end = std::to_chars(stamp, stamp + sizeof stamp, now_).ptr;
    timestamp = {stamp, static_cast<std::size_t>(stamp_end - stamp)};
    seconds = now_;
  }
  const std::size_t bytes = point.path.size() + point.value.size() + timestamp.size() + 2;
  if (bytes > kMaxLineBytes) return Refusal::LineTooLong;

  char* out = room_.data() + written_.written;
  out = append(out, point.path);
  *out++ = ' ';
  out = append(out, point.value);
  *out++ = ' ';
  out = append(out, timestamp);
  *out = '\n';
  count(bytes + 1, 1, seconds, seconds);
  return std::nullopt;
}

void PointWriter::copy(const char* lines, std::size_t bytes, std::uint32_t points,
                       std::uint32_t oldest, std::uint32_t newest) {
  if (bytes == 0) return;
  std::memcpy(room_.data() + written_.written, lines, bytes);
  count(bytes, points, oldest, newest);
}

void PointWriter::count(std::size_t bytes, std::uint32_t points, std::uint32_t oldest,
                        std::uint32_t newest) {
  written_.written += bytes;
  written_.points += points;
  written_.oldest_timestamp = std::min(written_.oldest_timestamp, oldest);
  written_.newest_timestamp = std::max(written_.newest_timestamp, newest);
}

}  // namespace carbon_spool
