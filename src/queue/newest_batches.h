#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

/// The newest batches of the log in memory, shared by all readers, so that one that keeps up never
/// reads from disk. Bounded in bytes. Threads: one at a time.
class NewestBatches {
 public:
  explicit NewestBatches(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  void add(BatchPtr batch) {
    bytes_ += cost(*batch);
    batches_.push_back(std::move(batch));
    while (bytes_ > max_bytes_ && !batches_.empty()) {
      bytes_ -= cost(*batches_.front());
      batches_.pop_front();
    }
  }

  /// Nothing if it is not among them.
  [[nodiscard]] BatchPtr find(Sequence sequence) const {
    const auto at = std::lower_bound(batches_.begin(), batches_.end(), sequence,
                                     [](const BatchPtr& batch, Sequence wanted) {
                                       return batch->range().begin.sequence < wanted;
                                     });
    if (at == batches_.end() || (*at)->range().begin.sequence != sequence) return nullptr;
    return *at;
  }

 private:
  /// What a batch takes beside its lines: header, object, allocator.
  static constexpr std::uint64_t kOverhead = 256;
  [[nodiscard]] static std::uint64_t cost(const Batch& batch) {
    return batch.lines().size() + kOverhead;
  }

  const std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::deque<BatchPtr> batches_;
};

}  // namespace carbon_spool
