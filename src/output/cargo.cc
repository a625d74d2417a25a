#include "cargo.h"

#include <utility>

namespace carbon_spool {
namespace {

/// What may be tried again alone: bounds memory, for each of the connections under way.
constexpr std::uint64_t kFew = 1024;
constexpr std::uint64_t kFewBytes = 4 * 1024 * 1024;

}  // namespace

void Cargo::add(const BatchPtr& batch) {
  const Range& range = batch->range();
  const std::uint64_t begin = bytes_;
  bytes_ += batch->lines().size();
  ++batches_;
  if (batches_ <= kFew && bytes_ <= kFewBytes) {
    few_.push_back(batch);
  } else {
    few_.clear();
  }
  ranges_.insert(range);

  const bool joins = !stretches_.empty() &&
                     stretches_.back().range.end.sequence == range.begin.sequence &&
                     bytes_ - stretches_.back().begin <= kMaxBatchBytes;
  if (joins) {
    stretches_.back().range.end = range.end;
    stretches_.back().end = bytes_;
  } else {
    stretches_.push_back({range, begin, bytes_});
  }
}

RangeSet Cargo::unload(std::uint64_t bytes) {
  RangeSet unloaded;
  while (!stretches_.empty() && stretches_.front().end <= bytes) {
    unloaded.insert(stretches_.front().range);
    stretches_.pop_front();
  }
  ranges_.erase(unloaded);
  return unloaded;
}

RangeSet Cargo::unload_all() {
  stretches_.clear();
  return std::exchange(ranges_, RangeSet());
}

}  // namespace carbon_spool
