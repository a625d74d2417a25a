#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

/// A run of batches in memory, in the order of the log, shared by all readers. Its owner bounds it.
/// Threads: one at a time.
class BatchesInMemory {
 public:
  void add(BatchPtr batch) {
    bytes_ += cost(*batch);
    points_ += batch->range().points();
    batches_.push_back(std::move(batch));
  }

  [[nodiscard]] bool empty() const { return batches_.empty(); }
  [[nodiscard]] const BatchPtr& front() const { return batches_.front(); }
  void pop_front() {
    bytes_ -= cost(*batches_.front());
    points_ -= batches_.front()->range().points();
    batches_.pop_front();
  }

  /// Null if it is not among them.
  [[nodiscard]] BatchPtr find(Sequence sequence) const {
    const auto at = std::lower_bound(batches_.begin(), batches_.end(), sequence,
                                     [](const BatchPtr& batch, Sequence wanted) {
                                       return batch->range().begin.sequence < wanted;
                                     });
    if (at == batches_.end() || (*at)->range().begin.sequence != sequence) return nullptr;
    return *at;
  }

  [[nodiscard]] auto begin() const { return batches_.begin(); }
  [[nodiscard]] auto end() const { return batches_.end(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t points() const { return points_; }

 private:
  /// What a batch takes beside its lines: header, object, allocator.
  static constexpr std::uint64_t kOverhead = 256;
  [[nodiscard]] static std::uint64_t cost(const Batch& batch) {
    return batch.lines().size() + kOverhead;
  }

  std::uint64_t bytes_ = 0;
  std::uint64_t points_ = 0;
  std::deque<BatchPtr> batches_;
};

}  // namespace carbon_spool
