#include "tail_chain.h"

#include <algorithm>
#include <utility>

#include <sys/stat.h>

namespace carbon_spool {
namespace {

/// Generations that are kept open at most.
constexpr std::size_t kMostParts = 16;
/// The time of a file may be that much behind the clock's: file systems round.
constexpr std::int64_t kFileTimeMargin = 20;
/// gzip gives what it makes the time of what it compresses, in whole seconds.
constexpr std::int64_t kGzipTimeMargin = 1000;
/// How long after its last change a copy may still be unfinished, or its log not truncated yet.
constexpr std::int64_t kCopyMayBeUnderWay = 2000;
/// The same of one that has been made and has nothing in it.
constexpr std::int64_t kCopyMayBeBegun = 200;

std::uint64_t inode_at(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

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
  auto generations = open_generations(path_);
  if (!generations) return generations.error();
  for (const TailPlaces::Part& each : places.parts) {
    // What has no lines yet is found again as what is newer than the others.
    if (each.place.offset == 0) continue;
    if (auto done = restore_part(each, generations.value()); !done) return done;
  }
  return relocate(now);
}

Result<void> TailChain::restore_part(const TailPlaces::Part& saved, Generations& generations) {
  const auto looked = find(saved.place, false, generations);
  if (!looked) return looked.error();
  const Found& found = looked.value();
  if (found.how == Found::How::Lost) {
    complaints_.emplace_back("what was read last is in no generation of it");
    return success();
  }
  if (found.how == Found::How::Ended) {
    finished_ = {saved.place, true};
    return success();
  }
  LogGeneration& generation = generations[found.index];
  auto keeper = generation.keeper_at(saved.place.offset);
  if (!keeper) return keeper.error();
  const bool is_copy = saved.is_copy || (found.truncated && generation.path() != path_);
  parts_.emplace_back(std::move(generation), std::move(keeper.value()), is_copy);
  generations.erase(generations.begin() + static_cast<std::ptrdiff_t>(found.index));
  return success();
}

void TailChain::adopt(TailPart part) {
  parts_.push_back(std::move(part));
  changed_ = true;
}

std::optional<TailPart> TailChain::give_up(std::uint64_t inode) {
  const auto found =
      std::ranges::find_if(parts_, [&](const TailPart& each) { return each.inode() == inode; });
  if (found == parts_.end()) return std::nullopt;
  std::optional<TailPart> part(std::move(*found));
  parts_.erase(found);
  changed_ = true;
  return part;
}

bool TailChain::has_part(std::uint64_t inode) const {
  return std::ranges::any_of(parts_, [&](const TailPart& each) { return each.inode() == inode; });
}

/// Whether there are others than at the last look.
bool TailChain::has_rotated() const {
  const auto listing = list_generations(path_);
  return !listing || listing.value() != listing_;
}

Result<void> TailChain::look(std::int64_t now) {
  const std::uint64_t inode = inode_at(path_);
  if (parts_.empty()) return inode != 0 || has_rotated() ? relocate(now) : success();
  const bool is_new = inode != 0 && inode != parts_.back().inode();
  // Others may have come and gone between the part that is read and the file, or none.
  const bool may_hide_some = (inode == 0 || parts_.back().offset() == 0) && has_rotated();
  if (truncated_ || is_new || is_undecided_ || may_hide_some) return relocate(now);
  if (finished_ || passed() > 0) seen_at_ = now;
  return success();
}

/// The same file, or else, of a rotation that copies or compresses, another with the same bytes.
Result<TailChain::Found> TailChain::find(const LogPlace& place, bool is_open,
                                         Generations& generations) const {
  const auto first = [&](auto fits) -> Result<std::size_t> {
    for (std::size_t i = 0; i < generations.size(); ++i) {
      const Result<bool> does = fits(generations[i]);
      // What is damaged, or compressed by half, is not what is looked for.
      if (!does && !generations[i].is_compressed()) return does.error();
      if (does && does.value()) return i;
    }
    return generations.size();
  };
  Found found;
  found.how = Found::How::Same;
  const auto same = first([&](LogGeneration& each) -> Result<bool> {
    return each.inode() == place.inode ? each.has(place) : Result<bool>(false);
  });
  if (!same) return same.error();
  found.index = same.value();
  if (found.index < generations.size()) return found;

  // The number of a file that nobody has open may be another's by now.
  found.truncated = truncated_ || std::ranges::any_of(generations, [&](const LogGeneration& each) {
                      return each.inode() == place.inode && (is_open || each.path() == path_);
                    });
  found.how = Found::How::Copy;
  // What begins with nothing is no copy of anything.
  const auto copy = first([&](LogGeneration& each) {
    return place.head_bytes == 0 ? Result<bool>(false) : each.has(place);
  });
  if (!copy) return copy.error();
  found.index = copy.value();
  if (found.index < generations.size()) return found;

  found.how = Found::How::Ended;
  const auto ended = first([&](LogGeneration& each) {
    const bool may_be = found.truncated && place.head_bytes > 0 && each.path() != path_;
    return may_be ? each.begins_and_ends_before(place) : Result<bool>(false);
  });
  if (!ended) return ended.error();
  found.index = ended.value();
  if (found.index == generations.size()) found.how = Found::How::Lost;
  return found;
}

/// What is newer than the newest part that has lines is read from its beginning.
Result<void> TailChain::relocate(std::int64_t now) {
  auto opened = open_generations(path_);
  if (!opened) return opened.error();
  Generations& generations = opened.value();
  listing_.clear();
  for (const LogGeneration& each : generations) listing_.emplace_back(each.path(), each.inode());
  drop_empty_parts(generations);
  const auto with_lines = std::find_if(parts_.rbegin(), parts_.rend(),
                                       [](const TailPart& each) { return each.offset() > 0; });
  std::optional<TailPlaces::Part> anchor = finished_;
  if (with_lines != parts_.rend()) anchor = {with_lines->place(), with_lines->is_copy()};
  Found found;
  found.index = generations.size();
  if (anchor) {
    const auto looked = find(anchor->place, with_lines != parts_.rend(), generations);
    if (!looked) return looked.error();
    found = looked.value();
  }
  const auto under_way = copy_is_under_way(generations, found, now);
  if (!under_way) return under_way.error();
  is_undecided_ = under_way.value();
  if (is_undecided_) return success();
  if (with_lines != parts_.rend()) {
    const auto index = static_cast<std::size_t>(parts_.rend() - with_lines) - 1;
    if (auto done = go_on_in(generations, found, index); !done) return done;
  }
  if (auto done = add_unread(generations, found, anchor); !done) return done;
  dropped_.clear();
  // Without a place to go by, all that was written since the beginning is known by its time alone.
  seen_at_ = anchor ? now : std::min(seen_at_, now);
  truncated_ = false;
  changed_ = true;
  return success();
}

/// Those that are among the generations, or have a compressed copy there, are found again there, in
/// their order.
void TailChain::drop_empty_parts(Generations& generations) {
  for (std::size_t i = parts_.size(); i-- > 0 && parts_[i].offset() == 0;) {
    for (LogGeneration& each : generations) {
      const bool is_same = each.inode() == parts_[i].inode();
      if (!is_same && !each.is_compressed()) continue;
      // What cannot be read, or is compressed by half, is no copy.
      const auto begins = is_same ? Result<bool>(true) : each.begins_with(parts_[i].generation());
      if (!begins || !begins.value()) continue;
      dropped_[each.inode()] = parts_[i].is_copy();
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
}

/// Where the newest part that has lines goes on.
Result<void> TailChain::go_on_in(Generations& generations, const Found& found, std::size_t index) {
  const LogPlace place = parts_[index].place();
  switch (found.how) {
    case Found::How::Same:
      return success();
    case Found::How::Copy: {
      LogGeneration& copy = generations[found.index];
      const bool is_newest = copy.path() == path_;
      // Of one that was only compressed, the file itself is open, and may have more.
      if (!found.truncated && !is_newest) return success();
      auto keeper = copy.keeper_at(place.offset);
      if (!keeper) return keeper.error();
      parts_[index] = TailPart(std::move(copy), std::move(keeper.value()), !is_newest);
      return success();
    }
    case Found::How::Ended:
    case Found::How::Lost:
      if (!found.truncated) return success();
      if (found.how == Found::How::Lost) {
        complaints_.emplace_back("it was truncated, and there is no copy of what was in it");
      }
      finished_ = {place, true};
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(index));
      return success();
  }
  return success();
}

/// A copy that is being made of the file itself counts once that has been truncated.
Result<bool> TailChain::copy_is_under_way(Generations& generations, const Found& found,
                                          std::int64_t now) const {
  if (generations.empty() || generations.front().path() != path_) return false;
  for (std::size_t i = 1; i < found.index; ++i) {
    const auto state = generations[i].state();
    if (!state) return state.error();
    const std::int64_t age = now - state.value().modified_at;
    if (age < 0 || age > kCopyMayBeUnderWay || has_part(generations[i].inode())) continue;
    const auto log = generations.front().state();
    if (!log) return log.error();
    // One that has been begun and has nothing yet.
    if (state.value().size == 0) {
      if (age <= kCopyMayBeBegun && log.value().size > 0) return true;
      continue;
    }
    const auto may_be_copy = generations.front().begins_with(generations[i]);
    if (!may_be_copy || may_be_copy.value()) return may_be_copy;
  }
  return false;
}

Result<void> TailChain::add_unread(Generations& generations, const Found& found,
                                   const std::optional<TailPlaces::Part>& anchor) {
  for (std::size_t i = std::min(found.index, generations.size()); i-- > 0;) {
    LogGeneration& generation = generations[i];
    const bool is_log = generation.path() == path_;
    const auto dropped = dropped_.find(generation.inode());
    const bool was_known = dropped != dropped_.end();
    const bool was_log = anchor && anchor->place.inode == generation.inode();
    if (has_part(generation.inode())) continue;
    if (found.how == Found::How::Lost && !is_log && !was_log && !was_known) {
      const auto is_new = is_written_since(generation);
      if (!is_new) return is_new.error();
      if (!is_new.value()) continue;
    }
    const bool are_copies = anchor && (found.truncated || anchor->is_copy);
    const bool is_copy = was_known ? dropped->second : are_copies && !is_log && !was_log;
    parts_.emplace_back(std::move(generation), LogPlaceKeeper(), is_copy);
  }
  return success();
}

/// Of generations around a place that is lost only those can be new.
Result<bool> TailChain::is_written_since(LogGeneration& generation) const {
  if (finished_ && finished_->place.inode == generation.inode()) {
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
  if (parts_.empty()) return !is_undecided_ && inode_at(path_) == 0;
  if (parts_.size() > 1 || !parts_.back().at_end() || inode_at(path_) != 0) return false;
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
