#include "pickle_points.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pickle_machine.h"

namespace carbon_spool {
namespace {

/// So many are never too large for the machine: five elements a point are less than
/// kMaxPickleElements.
constexpr std::size_t kMostPoints = std::size_t{1} << 16;
static_assert(5 * kMostPoints < kMaxPickleElements && kMostPoints < kMaxPickleItems);
/// The digits of any place that the memo has.
constexpr int kPlaceDigits = 6;

class PointReader {
 public:
  PointReader(const PickleCursor& cursor, std::vector<PickledPoint>& points)
      : cursor_(cursor), points_(points), most_places_(memo_places(cursor.pickle_bytes())) {}

  [[nodiscard, gnu::always_inline]] inline bool read() {
    if (!next()) return false;
    if (opcode_ == Opcode::Mark) return next() && opcode_ == Opcode::List && read_text();
    if (opcode_ != Opcode::Proto || !skip_head()) return false;
    return opcode_ == Opcode::EmptyList && read_binary();
  }

 private:
  // Each begins behind the last opcode that was taken.

  [[nodiscard, gnu::always_inline]] inline bool next() { return cursor_.take_opcode(opcode_); }

  /// Up to the list's opcode.
  [[nodiscard, gnu::always_inline]] inline bool skip_head() {
    std::uint8_t protocol = 0;
    if (!cursor_.take_number(protocol) || protocol > kNewestProtocol || !next()) return false;
    if (opcode_ != Opcode::Frame) return true;
    std::uint64_t length = 0;
    return cursor_.take_number(length) && length <= cursor_.left() && next();
  }

  /// Protocol 2 and newer: points between MARK and APPENDS, or one alone before APPEND.
  [[nodiscard, gnu::always_inline]] inline bool read_binary() {
    if (!next_but_puts()) return false;
    while (opcode_ != Opcode::Stop) {
      if (opcode_ != Opcode::Mark) {
        if (!read_point<false>() || opcode_ != Opcode::Append) return false;
      } else {
        if (!next()) return false;
        while (opcode_ != Opcode::Appends) {
          if (!read_point<false>()) return false;
        }
      }
      if (!next()) return false;
    }
    return true;
  }

  /// Protocol 0: each point before its APPEND.
  [[nodiscard, gnu::always_inline]] inline bool read_text() {
    if (!next_but_puts()) return false;
    while (opcode_ != Opcode::Stop) {
      if (opcode_ != Opcode::Mark || !next() || !read_point<true>()) return false;
      if (opcode_ != Opcode::Append || !next()) return false;
    }
    return true;
  }

  /// From the opcode of the path to the one behind the point.
  template <bool kMarked>
  [[nodiscard, gnu::always_inline]] inline bool read_point() {
    if (points_.size() >= kMostPoints) return false;
    PickledPoint& point = points_.emplace_back();
    if (!cursor_.take_scalar(opcode_, point.path) || !next_but_puts()) return false;
    if (kMarked && (opcode_ != Opcode::Mark || !next())) return false;
    if (!cursor_.take_scalar(opcode_, point.timestamp) || !next_but_puts()) return false;
    if (!cursor_.take_scalar(opcode_, point.value) || !next_but_puts()) return false;
    constexpr Opcode kTuple = kMarked ? Opcode::Tuple : Opcode::Tuple2;
    if (opcode_ != kTuple || !next_but_puts()) return false;
    return opcode_ == kTuple && next_but_puts();
  }

  /// The next opcode that puts nothing to the memo, from which nothing will be got.
  [[nodiscard, gnu::always_inline]] inline bool next_but_puts() {
    for (;;) {
      if (!next()) return false;
      switch (opcode_) {
        using enum Opcode;
        case BinPut:
          if (std::uint8_t place = 0; !cursor_.take_number(place) || !put(place)) return false;
          break;
        case LongBinPut:
          if (std::uint32_t place = 0; !cursor_.take_number(place) || !put(place)) return false;
          break;
        case Memoize:
          if (!put(memo_size_)) return false;
          break;
        case Put:
          if (!skip_place()) return false;
          break;
        default:
          return true;
      }
    }
  }

  [[nodiscard, gnu::always_inline]] inline bool put(std::uint32_t place) {
    memo_size_ = std::max(memo_size_, place + 1);
    return place < most_places_;
  }

  [[nodiscard, gnu::always_inline]] inline bool skip_place() {
    std::uint32_t place = 0;
    for (int digits = 0; digits <= kPlaceDigits; ++digits) {
      char digit = 0;
      if (!cursor_.take_number(digit)) return false;
      if (digit == '\n') return digits > 0 && put(place);
      if (digit < '0' || digit > '9') return false;
      place = place * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return false;
  }

  PickleCursor cursor_;
  std::vector<PickledPoint>& points_;
  Opcode opcode_{};
  const std::size_t most_places_;
  std::uint32_t memo_size_ = 0;
};

}  // namespace

bool read_points(PickleCursor cursor, std::vector<PickledPoint>& points) {
  return PointReader(cursor, points).read();
}

}  // namespace carbon_spool
