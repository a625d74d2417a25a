// How marks and readers are written to the column family `state`; docs/queue-format.md tells it in
// prose. These bytes are on people's disks: a change needs a new number at the front.

#include <cstring>
#include <utility>

#include "ledger.h"
#include "little_endian.h"

namespace carbon_spool {
namespace {

// 1: before anything was kept; 2: before a reader could get a part of a batch; 3: before several
// could take from one.
constexpr std::uint8_t kReaderFormat = 4;
constexpr std::uint8_t kOldestReaderFormat = 1;

class Writer {
 public:
  template <std::integral T>
  void number(T value) {
    char bytes[sizeof(T)];
    store_little_endian(bytes, value);
    out_.append(bytes, sizeof(T));
  }
  void mark(const Mark& mark) {
    number(mark.sequence.value);
    number(mark.points);
    number(mark.bytes);
  }
  void ranges(const RangeSet& ranges) {
    number(static_cast<std::uint32_t>(ranges.size()));
    for (const Range& range : ranges) {
      mark(range.begin);
      mark(range.end);
    }
  }
  void text(const std::string& text) {
    number(static_cast<std::uint32_t>(text.size()));
    out_ += text;
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads what Writer wrote; once something is missing, everything reads as zero and `good` is
/// false.
class Scanner {
 public:
  explicit Scanner(std::string_view in) : in_(in) {}

  template <std::integral T>
  T number() {
    if (in_.size() < sizeof(T)) return fail<T>();
    const T value = load_little_endian<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  Mark mark() {
    const Sequence sequence{number<std::uint64_t>()};
    const auto points = number<std::uint64_t>();
    return {sequence, points, number<std::uint64_t>()};
  }
  RangeSet ranges() {
    RangeSet ranges;
    for (auto left = number<std::uint32_t>(); left > 0 && good_; --left) {
      const Mark begin = mark();
      ranges.insert({begin, mark()});
    }
    return ranges;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (in_.size() < size) return fail<std::string>();
    std::string text(in_.substr(0, size));
    in_.remove_prefix(size);
    return text;
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  template <class T>
  T fail() {
    good_ = false;
    in_ = {};
    return T{};
  }

  std::string_view in_;
  bool good_ = true;
};

}  // namespace

std::string encode_mark(const Mark& mark) {
  Writer out;
  out.mark(mark);
  return out.take();
}

Result<Mark> decode_mark(std::string_view stored) {
  Scanner in(stored);
  const Mark mark = in.mark();
  if (!in.good()) return Error{"the end of the log cannot be read"};
  return mark;
}

std::string ReaderState::encode() const {
  Writer out;
  out.number(kReaderFormat);
  out.mark(as_of);
  for (const std::uint64_t count : {received, acknowledged, sent, resent}) out.number(count);
  out.number(last_drop_at);
  out.number(static_cast<std::uint32_t>(dropped.size()));
  for (const auto& [reason, points] : dropped) {
    out.text(reason);
    out.number(points);
  }
  out.ranges(waiting);
  out.ranges(resending);
  out.number(static_cast<std::uint32_t>(kept.size()));
  for (const Kept& piece : kept) {
    out.number(piece.until);
    out.ranges(piece.ranges);
  }
  out.mark(began);
  out.number(routed_elsewhere);
  out.number(static_cast<std::uint32_t>(takers.size()));
  for (const auto& [taker, did] : takers) {
    out.text(taker);
    out.number(did.sent_points);
    out.number(did.acknowledged_points);
  }
  return out.take();
}

Result<ReaderState> ReaderState::decode(std::string_view stored) {
  Scanner in(stored);
  const auto format = in.number<std::uint8_t>();
  if (format < kOldestReaderFormat || format > kReaderFormat) {
    return Error{"unknown format of a position"};
  }
  ReaderState state;
  state.as_of = in.mark();
  state.received = in.number<std::uint64_t>();
  state.acknowledged = in.number<std::uint64_t>();
  state.sent = in.number<std::uint64_t>();
  state.resent = in.number<std::uint64_t>();
  state.last_drop_at = in.number<std::int64_t>();
  for (auto left = in.number<std::uint32_t>(); left > 0 && in.good(); --left) {
    const std::string reason = in.text();
    state.dropped[reason] = in.number<std::uint64_t>();
  }
  state.waiting = in.ranges();
  if (format >= 2) {
    state.resending = in.ranges();
    for (auto left = in.number<std::uint32_t>(); left > 0 && in.good(); --left) {
      const auto until = in.number<std::int64_t>();
      state.kept.push_back({in.ranges(), until});
    }
  }
  if (format >= 3) {
    state.began = in.mark();
    state.routed_elsewhere = in.number<std::uint64_t>();
  }
  if (format >= 4) {
    for (auto left = in.number<std::uint32_t>(); left > 0 && in.good(); --left) {
      const std::string taker = in.text();
      TakerStats& did = state.takers[taker];
      did.sent_points = in.number<std::uint64_t>();
      did.acknowledged_points = in.number<std::uint64_t>();
    }
  }
  if (!in.good()) return Error{"a position is cut short"};
  return state;
}

}  // namespace carbon_spool
