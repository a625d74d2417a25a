#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "parcel.h"

namespace carbon_spool {

/// Which batches a connection carries that are not acknowledged, and where in its stream they end.
/// Holds ranges, and points only while they are few: its size does not grow with what is under way.
class Cargo {
 public:
  void add(const Parcel& parcel);

  /// Takes out the batches whose last byte is among the first `bytes` of the stream. Neighbouring
  /// small ones come out together, once the last of them is in.
  [[nodiscard]] RangesBySource unload(std::uint64_t bytes);

  /// Takes out everything.
  [[nodiscard]] RangesBySource unload_all();

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t points() const;

  // The whole stream, with what was unloaded.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  /// All its batches, in the order of the stream; none if they are more than a few.
  [[nodiscard]] const std::vector<Parcel>& few() const { return few_; }

 private:
  struct Stretch {
    std::size_t source;
    Range range;
    std::uint64_t begin;  ///< in the stream
    std::uint64_t end;
  };

  RangesBySource ranges_;
  std::deque<Stretch> stretches_;
  std::uint64_t bytes_ = 0;
  std::uint64_t batches_ = 0;
  std::vector<Parcel> few_;
};

}  // namespace carbon_spool
