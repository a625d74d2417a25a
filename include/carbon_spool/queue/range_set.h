#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "carbon_spool/queue/sequence.h"

namespace carbon_spool {

/// Ranges of the log that do not touch, in order. A reader's outstanding work is such a set, not
/// one number: that gives put-back, live-first replay, and batches handed from one member to
/// another.
///
/// All ranges given to one set must come from the same log (their marks agree where they meet).
/// Cost: linear in the number of ranges, constant at the end and at the front. Threads: one at a
/// time.
class RangeSet {
 public:
  void insert(const Range& range);
  void insert(const RangeSet& other);

  /// Takes `range` out; returns the part of it that was in.
  RangeSet erase(const Range& range);
  RangeSet erase(const RangeSet& other);

  [[nodiscard]] RangeSet intersection(const Range& range) const;
  [[nodiscard]] bool contains(Sequence sequence) const;
  /// The first batch of the set that is not before `sequence`.
  [[nodiscard]] std::optional<Sequence> first_from(Sequence sequence) const;
  /// True if any batch from `first` to `last`, both included, is in the set.
  [[nodiscard]] bool touches(Sequence first, Sequence last) const;

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::size_t size() const { return ranges_.size(); }
  [[nodiscard]] const Range& front() const { return ranges_.front(); }
  [[nodiscard]] const Range& back() const { return ranges_.back(); }
  [[nodiscard]] auto begin() const { return ranges_.begin(); }
  [[nodiscard]] auto end() const { return ranges_.end(); }
  void clear() { ranges_.clear(); }

  [[nodiscard]] std::uint64_t batches() const;
  [[nodiscard]] std::uint64_t points() const;
  [[nodiscard]] std::uint64_t bytes() const;

  friend bool operator==(const RangeSet&, const RangeSet&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace carbon_spool
