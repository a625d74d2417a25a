#include "poison.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

/// Bounds memory: each holds up to kMaxBatchBytes.
constexpr std::size_t kMostHeld = 64;
constexpr std::size_t kMostAccused = 64;

/// So many good ends in a row, and there is no trouble.
constexpr unsigned kQuiet = 20;

constexpr unsigned kFailuresOfBatch = 20;
constexpr unsigned kFailuresOfPart = 1;  // a wrong guess costs one more connection
constexpr unsigned kFailuresOfLine = 3;  // after the twenty of its batch

/// Between two trials at least one connection is confirmed: this bounds how long it takes to find a
/// line, some thirty failures of which each must be vouched for.
constexpr Milliseconds kConfirmEvery{100};
/// If the server goes down with a trial: a supervisor stops restarting one that dies too often
/// (systemd after five starts within ten seconds).
constexpr Milliseconds kConfirmEveryIfDeadly{1'000};

bool is_one_line(std::string_view text) {
  return text.find('\n') >= text.size() - 1;
}

/// The end of the line nearest to the middle, so that both halves have one.
std::size_t middle(std::string_view lines) {
  const std::size_t before = lines.rfind('\n', lines.size() / 2);
  if (before != std::string_view::npos && before + 1 < lines.size()) return before + 1;
  return lines.find('\n', lines.size() / 2) + 1;
}

}  // namespace

bool Suspects::accuse(const std::vector<Parcel>& parcels) {
  if (!is_enough(parcels)) return false;
  hold(parcels);
  return true;
}

bool Suspects::is_enough(const std::vector<Parcel>& parcels) {
  // Without a good end in between it is the server that fails, whatever it is sent.
  if (std::exchange(good_ends_, 0) > 0) ++troubles_;
  if (parcels.size() != 1) {
    // One search at a time, or all that there is might be held here.
    if (parcels.empty() || troubles_ < patience_ || !held_.empty()) return false;
    troubles_ = 0;
    return true;
  }
  const std::pair accused(parcels.front().source, parcels.front().batch->range().begin.sequence);
  if (++accused_[accused] < patience_ || held_.size() >= kMostHeld) {
    if (accused_.size() > kMostAccused) accused_.erase(accused_.begin());
    return false;
  }
  accused_.erase(accused);
  return true;
}

void Suspects::hold(std::vector<Parcel> parcels) {
  Suspect suspect;
  if (parcels.size() == 1) suspect.parts.push_back(parcels.front().batch->lines());
  suspect.parcels = std::move(parcels);
  held_.push_back(std::move(suspect));
}

void Suspects::halve(const std::vector<Parcel>& parcels) {
  const auto half = parcels.begin() + static_cast<std::ptrdiff_t>(parcels.size() / 2);
  hold({parcels.begin(), half});
  hold({half, parcels.end()});
}

void Suspects::vouch() {
  for (Suspect& suspect : held_) suspect.vouched = true;
  if (++good_ends_ >= kQuiet) troubles_ = 0;
}

bool Suspects::trial_is_due(bool others_wait) const {
  if (held_.empty() || on_trial_) return false;
  return !others_wait ||
         std::any_of(held_.begin(), held_.end(), [](const Suspect& each) { return each.vouched; });
}

Suspects::Trial Suspects::begin_trial() {
  CS_ASSERT(!held_.empty() && !on_trial_);
  on_trial_ = true;
  const auto vouched =
      std::find_if(held_.begin(), held_.end(), [](const Suspect& each) { return each.vouched; });
  if (vouched != held_.end()) std::rotate(held_.begin(), vouched, held_.end());
  const Suspect& suspect = held_.front();
  return {suspect.parcels, suspect.parts.empty() ? std::string_view() : suspect.parts.front()};
}

std::optional<Suspects::Resolved> Suspects::end_trial(bool clean) {
  CS_ASSERT(on_trial_);
  on_trial_ = false;
  Suspect suspect = std::move(held_.front());
  held_.pop_front();
  const bool several = suspect.parcels.size() > 1;
  if (clean) {
    if (!several) suspect.parts.pop_front();
    suspect.failures = 0;
    suspect.vouched = true;
    vouch();
  } else if (std::exchange(suspect.vouched, false)) {
    if (several) {
      halve(suspect.parcels);
      return std::nullopt;
    }
    count_failure(suspect);
  }
  if (!suspect.parts.empty()) {
    held_.push_back(std::move(suspect));
    return std::nullopt;
  }
  deadly_ = deadly_ && !held_.empty();
  Resolved resolved{{}, clean || !several, std::move(suspect.bad_lines)};
  add_ranges(suspect, resolved.ranges);
  return resolved;
}

void Suspects::count_failure(Suspect& suspect) {
  const std::string_view part = suspect.parts.front();
  const bool one_line = is_one_line(part);
  const bool whole = part.size() == suspect.parcels.front().batch->lines().size();
  const unsigned enough = whole ? kFailuresOfBatch : one_line ? kFailuresOfLine : kFailuresOfPart;
  if (++suspect.failures < enough) return;
  suspect.failures = 0;
  suspect.parts.pop_front();
  if (one_line) {
    suspect.bad_lines.emplace_back(part);
    return;
  }
  const std::size_t half = middle(part);
  suspect.parts.push_front(part.substr(half));
  suspect.parts.push_front(part.substr(0, half));
}

Milliseconds Suspects::confirm_every() const {
  return deadly_ ? kConfirmEveryIfDeadly : kConfirmEvery;
}

void Suspects::add_ranges(const Suspect& suspect, RangesBySource& ranges) {
  for (const Parcel& each : suspect.parcels) ranges[each.source].insert(each.batch->range());
}

RangesBySource Suspects::release_all() {
  RangesBySource released;
  for (const Suspect& suspect : held_) add_ranges(suspect, released);
  held_.clear();
  on_trial_ = false;
  deadly_ = false;
  return released;
}

}  // namespace carbon_spool
