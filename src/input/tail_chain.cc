#include "tail_chain.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {
namespace {

/// Generations that are kept open at most.
constexpr std::size_t kMostParts = 16;
/// The time of a file may be that much behind the clock's: file systems round.
constexpr std::int64_t kFileTimeMargin = 20;
/// gzip gives what it makes the time of what it compresses, in whole seconds.
constexpr std::int64_t kGzipTimeMargin = 1000;
}  // namespace

Result<bool> TailChain::begin_at_end(std::int64_t now) {
  auto opened = LogGeneration::open(path_);
  if (!opened) return opened.error();
  if (!opened.value()) return false;
  LogGeneration& file = *opened.value();
  const auto state = file.state();
  if (!state) return state.error();
  const std::uint64_t size = state.value().size;
  std::string last(std::min<std::uint64_t>(size, kLongestLogLine), '\0');
  const auto count = file.read_at(size - last.size(), last);
  if (!count) return count.error();
  const std::uint64_t begin = size - last.size();
  last.resize(count.value());
  auto keeper = file.keeper_at(begin + last.rfind('\n') + 1);  // npos + 1 is 0
  if (!keeper) return keeper.error();
  auto listing = list_generations(path_);
  if (!listing) return listing.error();
  listing_ = std::move(listing.value());
  parts_.emplace_back(std::move(file), std::move(keeper.value()), false);
  seen_at_ = now;
  changed_ = true;
  return true;
}

Result<void> TailChain::begin_at(const TailPlaces& places, std::int64_t now) {
  parts_.clear();
  finished_ = places.finished;
  seen_at_ = places.seen_at;
  auto search = TailSearch::open(path_);
  if (!search) return search.error();
  for (const TailPlaces::Part& each : places.parts) {
    // What has no lines yet is found again as what is newer than the others.
    if (each.place.offset == 0) continue;
    if (auto done = restore_part(each, search.value()); !done) return done;
  }
  return relocate(now);
}

Result<void> TailChain::restore_part(const TailPlaces::Part& saved, TailSearch& search) {
  const auto looked = search.find({saved.place});
  if (!looked) return looked.error();
  const TailFound& found = looked.value();
  if (found.how == TailFound::How::Lost) {
    complaints_.emplace_back("what was read last is in no generation of it");
    return success();
  }
  if (found.how == TailFound::How::Ended) {
    finished_ = {saved.place, true};
    return success();
  }
  std::vector<LogGeneration>& generations = search.generations();
  LogGeneration& generation = generations[found.index];
  auto keeper = generation.keeper_at(saved.place.offset);
  if (!keeper) return keeper.error();
  const bool is_copy = saved.is_copy || (found.is_truncated && generation.path() != path_);
  parts_.emplace_back(std::move(generation), std::move(keeper.value()), is_copy);
  generations.erase(generations.begin() + static_cast<std::ptrdiff_t>(found.index));
  return success();
}

void TailChain::adopt(TailPart part) {
  parts_.push_back(std::move(part));
  changed_ = true;
}

std::optional<TailPart> TailChain::give_up(FileId file) {
  const auto found =
      std::ranges::find_if(parts_, [&](const TailPart& each) { return each.id() == file; });
  if (found == parts_.end()) return std::nullopt;
  std::optional<TailPart> part(std::move(*found));
  parts_.erase(found);
  changed_ = true;
  return part;
}

bool TailChain::has_part(FileId file) const {
  return std::ranges::any_of(parts_, [&](const TailPart& each) { return each.id() == file; });
}

/// Whether there are others than at the last look.
bool TailChain::has_rotated() const {
  const auto listing = list_generations(path_);
  return !listing || listing.value() != listing_;
}

Result<void> TailChain::look(std::int64_t now) {
  const auto file = file_id_at(path_);
  if (parts_.empty()) return file || has_rotated() ? relocate(now) : success();
  const bool is_new = file && file != parts_.back().id();
  // Others may have come and gone between the part that is read and the file, or none.
  const bool may_hide_some = (!file || parts_.back().offset() == 0) && has_rotated();
  if (truncated_ || is_new || is_undecided_ || may_hide_some) return relocate(now);
  if (finished_ || passed() > 0) seen_at_ = now;
  return success();
}

/// What is newer than the newest part that has lines is read from its beginning.
Result<void> TailChain::relocate(std::int64_t now) {
  auto opened = TailSearch::open(path_);
  if (!opened) return opened.error();
  TailSearch& search = opened.value();
  listing_ = search.listing();
  drop_empty_parts(search);
  const auto with_lines = std::find_if(parts_.rbegin(), parts_.rend(),
                                       [](const TailPart& each) { return each.offset() > 0; });
  std::optional<TailPlaces::Part> anchor = finished_;
  if (with_lines != parts_.rend()) anchor = {with_lines->place(), with_lines->is_copy()};
  TailFound found;
  found.index = search.generations().size();
  if (anchor) {
    const auto looked = search.find({anchor->place, with_lines != parts_.rend(), truncated_});
    if (!looked) return looked.error();
    found = looked.value();
  }
  const auto under_way =
      search.has_copy_under_way(found, now, [&](FileId file) { return has_part(file); });
  if (!under_way) return under_way.error();
  is_undecided_ = under_way.value();
  if (is_undecided_) return success();
  if (with_lines != parts_.rend()) {
    const auto index = static_cast<std::size_t>(parts_.rend() - with_lines) - 1;
    if (auto done = go_on_in(search, found, index); !done) return done;
  }
  if (auto done = add_unread(search, found, anchor); !done) return done;
  dropped_.clear();
  // Without a place to go by, all that was written since the beginning is known by its time alone.
  seen_at_ = anchor ? now : std::min(seen_at_, now);
  truncated_ = false;
  changed_ = true;
  return success();
}

/// Those that are among the generations, or have a compressed copy there, are found again there, in
/// their order.
void TailChain::drop_empty_parts(TailSearch& search) {
  for (std::size_t i = parts_.size(); i-- > 0 && parts_[i].offset() == 0;) {
    for (LogGeneration& each : search.generations()) {
      const bool is_same = each.id() == parts_[i].id();
      if (!is_same && !each.is_compressed()) continue;
      // What cannot be read, or is compressed by half, is no copy.
      const auto begins = is_same ? Result<bool>(true) : each.begins_with(parts_[i].generation());
      if (!begins || !begins.value()) continue;
      dropped_[each.id()] = parts_[i].is_copy();
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
}

/// Where the newest part that has lines goes on.
Result<void> TailChain::go_on_in(TailSearch& search, const TailFound& found, std::size_t index) {
  const LogPlace place = parts_[index].place();
  switch (found.how) {
    case TailFound::How::Same:
      return success();
    case TailFound::How::Copy: {
      LogGeneration& copy = search.generations()[found.index];
      const bool is_newest = copy.path() == path_;
      // Of one that was only compressed, the file itself is open, and may have more.
      if (!found.is_truncated && !is_newest) return success();
      auto keeper = copy.keeper_at(place.offset);
      if (!keeper) return keeper.error();
      parts_[index] = TailPart(std::move(copy), std::move(keeper.value()), !is_newest);
      return success();
    }
    case TailFound::How::Ended:
    case TailFound::How::Lost:
      if (!found.is_truncated) return success();
      if (found.how == TailFound::How::Lost) {
        complaints_.emplace_back("it was truncated, and there is no copy of what was in it");
      }
      finished_ = {place, true};
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(index));
      return success();
  }
  return success();
}

Result<void> TailChain::add_unread(TailSearch& search, const TailFound& found,
                                   const std::optional<TailPlaces::Part>& anchor) {
  for (std::size_t i = found.index; i-- > 0;) {
    LogGeneration& generation = search.generations()[i];
    const bool is_log = generation.path() == path_;
    const auto dropped = dropped_.find(generation.id());
    const bool was_known = dropped != dropped_.end();
    const bool was_log = anchor && anchor->place.file == generation.id();
    if (has_part(generation.id())) continue;
    if (found.how == TailFound::How::Lost && !is_log && !was_log && !was_known) {
      const auto is_new = is_written_since(generation);
      if (!is_new) return is_new.error();
      if (!is_new.value()) continue;
    }
    const bool are_copies = anchor && (found.is_truncated || anchor->is_copy);
    const bool is_copy =
        was_known ? dropped->second : search.is_copy(i).value_or(are_copies && !is_log && !was_log);
    parts_.emplace_back(std::move(generation), LogPlaceKeeper(), is_copy);
  }
  return success();
}

/// Of generations around a place that is lost only those can be new.
Result<bool> TailChain::is_written_since(LogGeneration& generation) const {
  if (finished_ && finished_->place.file == generation.id()) {
    const auto is_finished = generation.has(finished_->place);
    if (!is_finished) return is_finished.error();
    if (is_finished.value()) return false;
  }
  const auto state = generation.state();
  if (!state) return state.error();
  const std::int64_t margin = kFileTimeMargin + (generation.is_compressed() ? kGzipTimeMargin : 0);
  return state.value().modified_at + margin >= seen_at_;
}

TailProgress TailChain::read(std::span<char> buffer, TailTaker& taker, std::string& why) {
  for (std::size_t i = 0; i < parts_.size();) {
    TailPart& part = parts_[i];
    // Between what is known and the first lines of the newest others may have come: what is in hand
    // was read before that was looked at.
    const bool is_newest = i + 1 == parts_.size();
    const TailProgress progress = part.read(
        path_, buffer, taker, [&] { return !is_newest || !has_rotated(); }, why);
    if (progress == TailProgress::Changed && part.offset() == 0) return progress;
    if (progress == TailProgress::Changed && newer_has_lines(i)) {
      complaints_.emplace_back("a rotated generation of it was truncated");
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    if (progress == TailProgress::Changed) truncated_ = true;
    if (progress != TailProgress::AtEnd) return progress;
    // What a copy ends with goes on in the next generation: that one is not begun before.
    if (part.is_copy() && !finish_half_line(i, buffer, taker)) return TailProgress::AtEnd;
    ++i;
  }
  return TailProgress::AtEnd;
}

bool TailChain::is_left(std::size_t index, TailPart::Steady::time_point now) const {
  const TailPart& part = parts_[index];
  if (!part.at_end() || index + 1 == parts_.size()) return false;
  if (part.is_still() || parts_.size() > kMostParts) return true;
  return newer_has_lines(index) && now - part.quiet_since() >= patience_;
}

bool TailChain::newer_has_lines(std::size_t index) const {
  return std::any_of(parts_.begin() + static_cast<std::ptrdiff_t>(index) + 1, parts_.end(),
                     [](const TailPart& each) { return each.offset() > 0; });
}

/// In their order: what is known of the last one that was left holds for all before it.
void TailChain::leave_finished(std::span<char> buffer, TailTaker& taker) {
  const auto now = TailPart::Steady::now();
  while (!parts_.empty() && is_left(0, now) && finish_half_line(0, buffer, taker)) {
    const TailPart& part = parts_.front();
    // One that has no lines cannot be known again.
    if (part.offset() > 0) finished_ = {part.place(), part.is_copy()};
    parts_.pop_front();
    changed_ = true;
  }
}

/// The last line of a generation that is left is one, even without its end. That of a copy goes on
/// in the next generation, or, if that has nothing, behind it. False: its end has not come yet.
bool TailChain::finish_half_line(std::size_t index, std::span<char> buffer, TailTaker& taker) {
  std::vector<std::string> pieces = {parts_[index].half_line(buffer)};
  if (pieces.front().empty()) return true;
  bool has_end = !parts_[index].is_copy();
  for (std::size_t i = index + 1; !has_end; ++i) {
    if (i == parts_.size()) return false;
    if (parts_[i].offset() > 0) break;
    std::string& piece = pieces.emplace_back(parts_[i].half_line(buffer));
    const std::size_t end = piece.find('\n');
    has_end = end != std::string::npos || piece.size() == kLongestLogLine;
    if (end != std::string::npos) piece.resize(end + 1);
    if (has_end && i + 1 == parts_.size() && has_rotated()) return false;
  }
  std::string line;
  for (const std::string& piece : pieces) line += piece;
  if (!line.ends_with('\n')) line += '\n';
  if (taker.take(path_, line) < line.size()) return false;
  for (std::size_t i = 0; i < pieces.size(); ++i) parts_[index + i].pass(pieces[i]);
  return true;
}

bool TailChain::is_over() const {
  if (parts_.empty()) return !is_undecided_ && !file_id_at(path_);
  if (parts_.size() > 1 || !parts_.back().at_end() || file_id_at(path_)) return false;
  const auto state = parts_.back().generation().state();
  return state && !state.value().has_name &&
         TailPart::Steady::now() - parts_.back().quiet_since() >= patience_;
}

TailPlaces TailChain::places() const {
  TailPlaces places;
  for (const TailPart& each : parts_) places.parts.push_back({each.place(), each.is_copy()});
  places.finished = finished_;
  places.seen_at = seen_at_;
  return places;
}

std::uint64_t TailChain::passed() const {
  std::uint64_t passed = 0;
  for (const TailPart& each : parts_) passed += each.offset();
  return passed;
}

bool TailChain::take_changed() {
  const std::uint64_t before = std::exchange(noted_, passed());
  return std::exchange(changed_, false) || noted_ != before;
}

std::vector<std::string> TailChain::take_complaints() {
  return std::exchange(complaints_, {});
}

}  // namespace carbon_spool
