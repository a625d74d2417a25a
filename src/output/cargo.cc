#include "cargo.h"

#include <utility>

namespace carbon_spool {
namespace {

/// What may be tried again alone: bounds memory, for each of the connections under way.
constexpr std::uint64_t kFew = 1024;
constexpr std::uint64_t kFewBytes = 4 * 1024 * 1024;

}  // namespace

void Cargo::add(const Parcel& parcel) {
  const Range& range = parcel.batch->range();
  const std::uint64_t begin = bytes_;
  bytes_ += parcel.batch->lines().size();
  ++batches_;
  if (batches_ <= kFew && bytes_ <= kFewBytes) {
    few_.push_back(parcel);
  } else {
    few_.clear();
  }
  ranges_[parcel.source].insert(range);

  const bool joins = !stretches_.empty() && stretches_.back().source == parcel.source &&
                     stretches_.back().range.end.sequence == range.begin.sequence &&
                     bytes_ - stretches_.back().begin <= kMaxBatchBytes;
  if (joins) {
    stretches_.back().range.end = range.end;
    stretches_.back().end = bytes_;
  } else {
    stretches_.push_back({parcel.source, range, begin, bytes_});
  }
}

RangesBySource Cargo::unload(std::uint64_t bytes) {
  RangesBySource unloaded;
  while (!stretches_.empty() && stretches_.front().end <= bytes) {
    const Stretch& first = stretches_.front();
    unloaded[first.source].insert(first.range);
    ranges_[first.source].erase(first.range);
    if (ranges_[first.source].empty()) ranges_.erase(first.source);
    stretches_.pop_front();
  }
  return unloaded;
}

RangesBySource Cargo::unload_all() {
  stretches_.clear();
  return std::exchange(ranges_, {});
}

std::uint64_t Cargo::points() const {
  std::uint64_t sum = 0;
  for (const auto& [source, ranges] : ranges_) sum += ranges.points();
  return sum;
}

}  // namespace carbon_spool
