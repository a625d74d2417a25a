#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

/// Which batches a connection carries that are not acknowledged, and where in its stream they end.
/// Holds ranges, and points only while they are few: its size does not grow with what is under way.
class Cargo {
 public:
  void add(const BatchPtr& batch);

  /// Takes out the batches whose last byte is among the first `bytes` of the stream. Neighbouring
  /// small ones come out together, once the last of them is in.
  [[nodiscard]] RangeSet unload(std::uint64_t bytes);

  /// Takes out everything.
  [[nodiscard]] RangeSet unload_all();

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t points() const { return ranges_.points(); }

  // The whole stream, with what was unloaded.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  /// All its batches, in the order of the stream; none if they are more than a few.
  [[nodiscard]] const std::vector<BatchPtr>& few() const { return few_; }

 private:
  struct Stretch {
    Range range;
    std::uint64_t begin;  ///< in the stream
    std::uint64_t end;
  };

  RangeSet ranges_;
  std::deque<Stretch> stretches_;
  std::uint64_t bytes_ = 0;
  std::uint64_t batches_ = 0;
  std::vector<BatchPtr> few_;
};

}  // namespace carbon_spool
