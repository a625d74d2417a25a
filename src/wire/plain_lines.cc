#include "plain_lines.h"

#include <algorithm>
#include <bit>

#include "carbon_spool/wire/graphite_lines.h"

#include "word.h"

namespace carbon_spool {
namespace {

/// A blank and ten digits of a timestamp, between a value and its LF.
constexpr std::size_t kStampBytes = 11;
/// A value and its stamp have one word of marks, the stamp at the upper end.
constexpr std::size_t kStampBit = ByteMarks::kBlock - kStampBytes;
constexpr std::size_t kMaxPlainValueBytes = 48;
static_assert(kMaxPlainValueBytes <= kStampBit);

/// Where the parts of a line end, counted from where its marks are.
struct Line {
  const char* from;
  std::size_t begin;
  std::size_t path_end;
  std::size_t value_end;
  std::size_t end;  ///< LF

  [[nodiscard]] const char* stamp() const { return from + value_end + 1; }
};

/// Three fields of the right length, and their ends the right ones.
inline bool has_shape(const Line& line) {
  // One comparison of all (&): several could each go either way.
  return (line.path_end - line.begin - 1 < kMaxElementBytes) &
         (line.value_end - line.path_end - 1 <= kMaxPlainValueBytes) &
         (line.end - line.value_end == kStampBytes) & (line.from[line.path_end] == ' ') &
         (line.from[line.value_end] == ' ') & (line.from[line.end] == '\n');
}

/// Whether a value is plain and the stamp behind it is digits, told by those bytes of both that are
/// none: a minus in front, a point behind the first digit, the blank. The line has its shape.
inline bool has_plain_numbers(const Line& line, const ByteMarks& marks) {
  const std::size_t begin = line.path_end + 1;
  const std::size_t size = line.value_end - begin;
  std::uint64_t no_digits = marks.no_digits_from(begin) << (kStampBit - size);
  const bool has_stamp = no_digits >> kStampBit == 1;

  const std::size_t minus = line.from[begin] == '-' ? 1 : 0;
  no_digits &= no_digits - minus;  // without the first
  const auto first = static_cast<std::size_t>(
      std::countr_zero(no_digits | std::uint64_t{1} << kStampBit));  // the point, or the blank
  const bool has_digits = first + size > kStampBit + minus;
  const bool has_others = (no_digits & (no_digits - 1)) << kStampBytes != 0;
  const bool is_point =
      (first == kStampBit) | (line.from[line.value_end + first - kStampBit] == '.');
  return has_stamp & has_digits & is_point & !has_others;
}

/// The timestamps of a run, as far as it takes: digits compare as the numbers do. They share their
/// first two, which last three years.
class Stamps {
 public:
  /// False: that one cannot be among them.
  bool add(const char* digits) {
    const auto two = static_cast<unsigned>((digits[0] - '0') * 10 + (digits[1] - '0'));
    if (two != first_two_) {
      // Beyond 42 they do not fit, with 42 some do not; and no timestamp is 0.
      if (first_two_ != kNone || two == 0 || two >= 42) return false;
      first_two_ = two;
    }
    const std::uint64_t eight = big_endian_word(digits + 2);
    oldest_ = std::min(oldest_, eight);
    newest_ = std::max(newest_, eight);
    return true;
  }

  [[nodiscard]] std::uint32_t oldest() const { return seconds(oldest_); }
  [[nodiscard]] std::uint32_t newest() const { return seconds(newest_); }

 private:
  [[nodiscard]] std::uint32_t seconds(std::uint64_t eight) const {
    std::uint32_t number = first_two_;
    for (int shift = 56; shift >= 0; shift -= 8) {
      number = number * 10 + static_cast<std::uint32_t>(eight >> shift & 0xf);
    }
    return number;
  }

  static constexpr std::uint32_t kNone = 100;
  std::uint32_t first_two_ = kNone;
  std::uint64_t oldest_ = UINT64_MAX;  ///< the other eight digits, the first in the highest byte
  std::uint64_t newest_ = 0;
};

}  // namespace

PlainLines::PlainLines(std::string_view bytes, MarkBytes mark)
    : mark_(mark), end_(bytes.data() + bytes.size()) {
  look_ahead(bytes.data());
}

void PlainLines::look_ahead(const char* from) {
  seen_ = from;
  seen_bytes_ = std::min(static_cast<std::size_t>(end_ - from), ByteMarks::kMostBytes);
  mark_({seen_, seen_bytes_}, marks_);
  next_end_ = 0;
}

PlainRun PlainLines::run_at(const char* at, std::size_t room) {
  while (next_end_ < marks_.ends && seen_ + marks_.end_at[next_end_] < at) ++next_end_;
  PlainRun run{at};
  Stamps stamps;
  for (;;) {
    auto begin = static_cast<std::size_t>(run.end - seen_);
    const std::size_t room_end = begin + room;
    const std::size_t first_end = next_end_;
    bool is_over = false;
    for (; next_end_ + 3 <= marks_.ends; next_end_ += 3) {
      const auto* const ends = &marks_.end_at[next_end_];
      const Line line{seen_, begin, ends[0], ends[1], ends[2]};
      is_over = !has_shape(line) || !has_plain_numbers(line, marks_) ||
                line.end + kMaxStampBytes > room_end || !stamps.add(line.stamp());
      if (is_over) break;
      begin = line.end + 1;
    }
    run.points += static_cast<std::uint32_t>((next_end_ - first_end) / 3);
    run.end = seen_ + begin;
    room = room_end - begin;
    // A line that is longer than what is looked at is not plain.
    const bool is_all = seen_ + seen_bytes_ == end_ || run.end == seen_;
    if (is_over || is_all) break;
    look_ahead(run.end);
  }
  if (run.points > 0) {
    run.oldest_timestamp = stamps.oldest();
    run.newest_timestamp = stamps.newest();
  }
  return run;
}

}  // namespace carbon_spool
