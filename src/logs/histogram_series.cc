#include "histogram_series.h"

#include <algorithm>

namespace carbon_spool {
namespace {

std::uint64_t count_in(const Histogram& histogram, const Bucket& bucket) {
  const auto found = histogram.find(bucket);
  return found == histogram.end() ? 0 : found->second;
}

bool any_shrank(const Histogram& before, const Histogram& now) {
  return std::ranges::any_of(
      now, [&before](const auto& row) { return row.second < count_in(before, row.first); });
}

bool any_vanished(const Histogram& before, const Histogram& now) {
  return std::ranges::any_of(before, [&now](const auto& row) { return !now.contains(row.first); });
}

/// What `now` has more than `before`, which has no more of any of its buckets.
Histogram growth(const Histogram& before, const Histogram& now) {
  Histogram more = now;
  for (auto& [bucket, count] : more) count -= count_in(before, bucket);
  return more;
}

void add_all(const Histogram& from, Histogram& to) {
  for (const auto& [bucket, count] : from) static_cast<void>(add_to(to, bucket, count));
}

}  // namespace

void save_histogram(const Histogram& histogram, SavedWriter& to) {
  to.whole(histogram.size());
  for (const auto& [bucket, count] : histogram) {
    to.whole(bucket.from_bound ? 1 : 0);
    to.signed_whole(bucket.bound);
    to.whole(count);
  }
}

Histogram restore_histogram(SavedReader& from) {
  Histogram histogram;
  for (std::uint64_t left = from.count(); left > 0; --left) {
    Bucket bucket;
    bucket.from_bound = from.whole() != 0;
    bucket.bound = from.signed_whole();
    static_cast<void>(add_to(histogram, bucket, from.whole()));
  }
  return histogram;
}

Histogram HistogramSeries::take(BpftraceOptions::Mode mode, const Histogram& block,
                                bool may_be_end) {
  const bool began_anew = any_shrank(last_, block) || any_vanished(last_, block);
  if (began_anew) clears_ = true;
  Histogram fresh;
  if (mode == BpftraceOptions::Mode::Cumulative) {
    fresh = began_anew ? block : growth(last_, block);
  } else {
    const bool may_repeat = may_be_end && !began_anew && (!clears_ || block == last_);
    fresh = may_repeat ? growth(last_, block) : block;
    add_all(held_, fresh);
    held_ = may_repeat ? last_ : Histogram();
  }
  last_ = block;
  return fresh;
}

Histogram HistogramSeries::take_part(BpftraceOptions::Mode mode, const Histogram& part) {
  if (mode == BpftraceOptions::Mode::Interval) return part;
  if (any_shrank(last_, part)) last_.clear();
  Histogram fresh = growth(last_, part);
  for (const auto& [bucket, count] : part) last_[bucket] = count;
  return fresh;
}

void HistogramSeries::begin_run() {
  *this = HistogramSeries();
}

void HistogramSeries::save(SavedWriter& to) const {
  save_histogram(last_, to);
  save_histogram(held_, to);
  to.whole(clears_ ? 1 : 0);
}

void HistogramSeries::restore(SavedReader& from) {
  last_ = restore_histogram(from);
  held_ = restore_histogram(from);
  clears_ = from.whole() != 0;
}

}  // namespace carbon_spool
