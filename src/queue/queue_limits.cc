// Limits other than the cap: age, the backlog of one reader, what is kept to be sent again.

#include <algorithm>
#include <utility>

#include "queue_impl.h"

namespace carbon_spool {

/// Drops what was accepted longer than `max_age` ago and is not under way.
void QueueImpl::drop_what_is_too_old() {
  if (!options_.max_age) return;
  const std::int64_t limit = clock_.unix_milliseconds() - options_.max_age->count();
  const auto is_young = [limit](const Batch& batch) { return batch.accepted_at() >= limit; };
  std::vector<std::pair<std::string, Range>> oldest;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, reader] : ledger_.readers()) {
      for (const Range& range : reader.unsent()) oldest.emplace_back(name, range);
    }
  }
  for (auto& [name, range] : oldest) {
    const auto first = find_batch(range.begin.sequence);
    if (!first || (first.value() && is_young(*first.value()))) continue;
    const auto end = boundary(range, is_young);
    if (!end) continue;  // the disk may tell it later
    range.end = end.value();
    if (!range.empty()) drop({name}, range, "max_age");
  }
}

/// Drops what is more than a reader's `max_backlog`, the oldest first and a little more than that,
/// so that it is not done for every batch.
void QueueImpl::drop_what_is_too_much() {
  struct Excess {
    std::string reader;
    Range range;
    std::uint64_t bytes;  ///< drop up to there, as marks count
  };
  std::vector<Excess> too_much;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, reader] : ledger_.readers()) {
      const std::uint64_t most = reader.options.max_backlog;
      if (most == UINT64_MAX) continue;
      const RangeSet unsent = reader.unsent();
      if (unsent.bytes() <= most) continue;
      std::uint64_t left = unsent.bytes() - most + most / 16;
      for (const Range& range : unsent) {
        if (left == 0) break;
        const std::uint64_t bytes = std::min(range.bytes(), left);
        too_much.push_back({name, range, range.begin.bytes + bytes});
        left -= bytes;
      }
    }
  }
  for (const Excess& each : too_much) {
    const auto end = boundary(
        each.range, [&](const Batch& batch) { return batch.range().begin.bytes >= each.bytes; });
    if (end) drop({each.reader}, {each.range.begin, end.value()}, "max_backlog");
  }
  if (!too_much.empty()) static_cast<void>(remove_unneeded_tables());
}

void QueueImpl::let_go_expired() {
  const std::int64_t now = clock_.unix_milliseconds();
  std::vector<std::pair<std::string, RangeSet>> expired;
  std::vector<std::string> all;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, reader] : ledger_.readers()) {
      all.push_back(name);
      if (reader.orphan) continue;  // what it is to keep is not known before it is asked for
      RangeSet let_go = reader.expire_kept(now);
      if (!let_go.empty()) expired.emplace_back(name, std::move(let_go));
    }
  }
  for (const auto& [name, ranges] : expired) release(name, ranges);
  for (const std::string& name : all) let_go_passed_over(name);
}

/// Where the first batch of `range` begins that `is_behind`, and so are all behind it; the end of
/// the range if there is none. What is missing counts with what is before it. Fails if the disk
/// cannot be read: nothing must be lost to that.
Result<Mark> QueueImpl::boundary(const Range& range,
                                 const std::function<bool(const Batch&)>& is_behind) const {
  Sequence low = range.begin.sequence;  // before it none is behind
  Sequence high = range.end.sequence;   // from it on all are
  Mark mark = range.end;
  while (low < high) {
    Sequence middle{low.value + (high.value - low.value) / 2};
    BatchPtr batch;
    for (; middle < high && !batch; middle = middle.next()) {
      auto found = find_batch(middle);
      if (!found) return found.error();
      batch = std::move(found.value());
    }
    if (!batch) {
      high = Sequence{low.value + (high.value - low.value) / 2};
    } else if (is_behind(*batch)) {
      mark = batch->range().begin;
      high = std::min(Sequence{low.value + (high.value - low.value) / 2}, mark.sequence);
    } else {
      low = batch->range().end.sequence;
    }
  }
  return mark;
}

}  // namespace carbon_spool
