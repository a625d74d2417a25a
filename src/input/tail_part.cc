#include "tail_part.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/base/clock.h"

namespace carbon_spool {
namespace {

using namespace std::string_view_literals;

/// Buffers that one look reads at most, so that other files have their turn.
constexpr int kMostBuffers = 4;

}  // namespace

TailProgress TailPart::read(const std::string& file, std::span<char> buffer, TailTaker& taker,
                            const std::function<bool()>& may_begin, std::string& why) {
  if (at_end_ && is_as_it_was()) return TailProgress::AtEnd;
  read_at_ = system_clock().unix_milliseconds();
  for (int i = 0; i < kMostBuffers; ++i) {
    const auto count = generation_.read_at(position(), buffer);
    if (!count) {
      why = count.error().message;
      return TailProgress::Failed;
    }
    // After reading: what was truncated before that no longer has the place.
    const auto has = is_still() ? Result<bool>(true) : generation_.has(place());
    const auto state = generation_.state();
    if (!has || !state) {
      why = (has ? state.error() : has.error()).message;
      return TailProgress::Failed;
    }
    const bool is_short = !generation_.is_compressed() && state.value().size < offset();
    if (!has.value() || is_short) return TailProgress::Changed;
    state_ = state.value();
    if (!generation_.is_compressed() && state_.size < position()) {
      zeros_ = 0;
      continue;
    }
    at_end_ = count.value() == 0;
    if (at_end_) return TailProgress::AtEnd;
    if (offset() == 0 && !may_begin()) return TailProgress::Changed;
    if (buffer[0] == '\0' && skip_hole()) continue;
    const std::uint64_t before = position();
    const TailProgress progress = take(file, {buffer.data(), count.value()}, taker);
    if (position() != before) quiet_since_ = Steady::now();
    if (progress != TailProgress::More) return progress;
    at_end_ = count.value() < buffer.size() && position() == before;  // half a line is left
    if (at_end_) return TailProgress::AtEnd;
  }
  return TailProgress::More;
}

/// A change so soon after another one that both have the same time is not taken for none.
bool TailPart::is_as_it_was() const {
  constexpr std::int64_t kTimesAreTold = 50;
  const auto state = generation_.state();
  return state && state.value().size == state_.size &&
         state.value().modified_at == state_.modified_at &&
         state_.modified_at + kTimesAreTold < read_at_;
}

/// A writer that keeps its place in a file that was truncated leaves a hole in front of what it
/// writes. One that goes on to the end may yet be filled.
bool TailPart::skip_hole() {
  const std::uint64_t end = generation_.end_of_hole(position());
  const auto state = generation_.state();
  if (end == position() || !state || end >= state.value().size) return false;
  zeros_ += end - position();
  return true;
}

TailProgress TailPart::take(const std::string& file, std::string_view bytes, TailTaker& taker) {
  const bool is_full = bytes.size() == kLongestLogLine;
  if (skipping_) {
    const std::size_t end = bytes.find('\n');
    skipping_ = end == std::string_view::npos;
    const std::string_view rest = bytes.substr(0, skipping_ ? bytes.size() : end + 1);
    pass(rest);
    bytes.remove_prefix(rest.size());
  }
  const std::size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
  if (zeros > 0 && (zeros < bytes.size() || is_full)) {
    zeros_ += zeros;
    bytes.remove_prefix(zeros);
    if (bytes.find('\n') == std::string_view::npos) return TailProgress::More;
  }
  const std::size_t last = bytes.rfind('\n');
  if (last != std::string_view::npos) {
    return take_lines(file, bytes.substr(0, last + 1), taker) ? TailProgress::More
                                                              : TailProgress::Held;
  }
  if (!is_full || bytes.empty()) return TailProgress::More;
  taker.count_too_long(file);
  pass(bytes);
  skipping_ = true;
  return TailProgress::More;
}

bool TailPart::take_lines(const std::string& file, std::string_view lines, TailTaker& taker) {
  while (!lines.empty()) {
    const std::size_t zeros = lines.find_first_not_of('\0');
    zeros_ += zeros;
    lines.remove_prefix(zeros);
    const std::size_t end = lines.find("\n\0"sv);
    const std::string_view whole = lines.substr(0, end == std::string_view::npos ? end : end + 1);
    const std::size_t taken = taker.take(file, whole);
    if (taken > 0) pass(whole.substr(0, taken));
    lines.remove_prefix(taken);
    if (taken < whole.size() && !taker.commit()) return false;
  }
  return true;
}

std::string TailPart::half_line(std::span<char> buffer) {
  static_cast<void>(skip_hole());
  while (true) {
    const auto count = generation_.read_at(position(), buffer);
    if (!count) return {};
    const std::string_view bytes(buffer.data(), count.value());
    const std::size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
    if (zeros == bytes.size() && bytes.size() < buffer.size()) return {};
    zeros_ += zeros;
    if (zeros < bytes.size()) return std::string(bytes.substr(zeros));
  }
}

void TailPart::pass(std::string_view bytes) {
  keeper_.pass_hole(std::exchange(zeros_, 0));
  keeper_.pass(bytes);
}

}  // namespace carbon_spool
