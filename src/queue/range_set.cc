#include "carbon_spool/queue/range_set.h"

#include <algorithm>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

bool ends_before(const Range& range, Sequence sequence) {
  return range.end.sequence < sequence;
}

Mark later(const Mark& a, const Mark& b) {
  return a.sequence < b.sequence ? b : a;
}
Mark earlier(const Mark& a, const Mark& b) {
  return b.sequence < a.sequence ? b : a;
}

}  // namespace

void RangeSet::insert(const Range& range) {
  if (range.empty()) return;
  if (ranges_.empty() || ranges_.back().end.sequence < range.begin.sequence) {
    ranges_.push_back(range);
    return;
  }
  const auto first =
      std::lower_bound(ranges_.begin(), ranges_.end(), range.begin.sequence, ends_before);
  auto last = first;
  Range merged = range;
  while (last != ranges_.end() && last->begin.sequence <= range.end.sequence) {
    merged.begin = earlier(merged.begin, last->begin);
    merged.end = later(merged.end, last->end);
    ++last;
  }
  if (first == last) {
    ranges_.insert(first, merged);
    return;
  }
  *first = merged;
  ranges_.erase(first + 1, last);
}

void RangeSet::insert(const RangeSet& other) {
  for (const Range& range : other) insert(range);
}

RangeSet RangeSet::erase(const Range& range) {
  RangeSet taken;
  if (range.empty()) return taken;
  auto at =
      std::lower_bound(ranges_.begin(), ranges_.end(), range.begin.sequence.next(), ends_before);
  while (at != ranges_.end() && at->begin.sequence < range.end.sequence) {
    const Range cut{later(at->begin, range.begin), earlier(at->end, range.end)};
    const Range left{at->begin, cut.begin};
    const Range right{cut.end, at->end};
    CS_ASSERT(!cut.empty());
    taken.ranges_.push_back(cut);
    if (left.empty() && right.empty()) {
      at = ranges_.erase(at);
    } else if (left.empty()) {
      *at++ = right;
    } else if (right.empty()) {
      *at++ = left;
    } else {
      *at = left;
      at = ranges_.insert(at + 1, right);
    }
  }
  return taken;
}

RangeSet RangeSet::erase(const RangeSet& other) {
  RangeSet taken;
  for (const Range& range : other) {
    for (const Range& part : erase(range)) taken.ranges_.push_back(part);
  }
  return taken;
}

RangeSet RangeSet::intersection(const Range& range) const {
  RangeSet common;
  if (range.empty()) return common;
  auto at =
      std::lower_bound(ranges_.begin(), ranges_.end(), range.begin.sequence.next(), ends_before);
  for (; at != ranges_.end() && at->begin.sequence < range.end.sequence; ++at) {
    common.ranges_.push_back({later(at->begin, range.begin), earlier(at->end, range.end)});
  }
  return common;
}

bool RangeSet::contains(Sequence sequence) const {
  return touches(sequence, sequence);
}

std::optional<Sequence> RangeSet::first_from(Sequence sequence) const {
  const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), sequence.next(), ends_before);
  if (at == ranges_.end()) return std::nullopt;
  return std::max(at->begin.sequence, sequence);
}

bool RangeSet::touches(Sequence first, Sequence last) const {
  const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), first.next(), ends_before);
  return at != ranges_.end() && at->begin.sequence <= last;
}

std::uint64_t RangeSet::batches() const {
  std::uint64_t sum = 0;
  for (const Range& range : ranges_) sum += range.batches();
  return sum;
}

std::uint64_t RangeSet::points() const {
  std::uint64_t sum = 0;
  for (const Range& range : ranges_) sum += range.points();
  return sum;
}

std::uint64_t RangeSet::bytes() const {
  std::uint64_t sum = 0;
  for (const Range& range : ranges_) sum += range.bytes();
  return sum;
}

}  // namespace carbon_spool
