#include "made_points.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/wire/graphite_lines.h"

#include "input_state.h"

namespace carbon_spool {

MadePoints::MadePoints(InputState& input, Milliseconds patience, std::string_view what)
    : input_(input), what_(what), deadline_(std::chrono::steady_clock::now() + patience) {}

void MadePoints::add(std::string_view line) {
  bytes_ += line.size();
  line.remove_suffix(1);
  if (line.size() > kMaxLineBytes) {
    ++refused_[static_cast<std::size_t>(Refusal::LineTooLong)];
    if (sample_.empty()) sample_ = line.substr(0, kMaxElementBytes);
    return;
  }
  if (!has_room(line.size())) {
    ++dropped_;
    return;
  }
  constexpr std::uint32_t kNotNeeded = 1;  // such lines have their timestamp
  const ParsedLines parsed = parse_line(line, builder_->room(), kNotNeeded, refused_);
  builder_->commit(input_.producer, parsed.written, parsed.points, parsed.oldest_timestamp,
                   parsed.newest_timestamp);
  if (parsed.points > 0) return;
  if (sample_.empty()) sample_ = line.substr(0, kMaxElementBytes);
}

bool MadePoints::has_room(std::size_t line_bytes) {
  if (builder_ && builder_->room().size() >= line_bytes + kMaxStampBytes) return true;
  hand_over();
  const auto left =
      std::chrono::duration_cast<Milliseconds>(deadline_ - std::chrono::steady_clock::now());
  builder_ = input_.sink.obtain_builder_within(std::max(left, Milliseconds(0)));
  return builder_.has_value();
}

void MadePoints::hand_over() {
  if (builder_ && !builder_->empty()) ticket_ = input_.sink.submit(std::move(*builder_));
  builder_.reset();
}

void MadePoints::finish() {
  hand_over();
  if (!sample_.empty()) input_.count_refused(refused_, sample_, what_);
  if (dropped_ > 0) input_.count_points_dropped(dropped_, what_, "the queue takes nothing now");
}

}  // namespace carbon_spool
