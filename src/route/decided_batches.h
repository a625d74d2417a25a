#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/route/decision_cache.h"

namespace carbon_spool {

/// Which points of a batch go where.
struct DecidedBatch {
  struct Line {
    std::uint32_t begin = 0;     ///< of the line in the batch
    std::uint32_t name_end = 0;  ///< of its name in the batch; the blank is there
    std::uint32_t end = 0;       ///< behind its LF
    // In `names`, if the name that is sent is not the one that came.
    std::uint32_t sent_begin = 0;
    std::uint32_t sent_size = 0;
    std::uint32_t cleansed_begin = 0;
    std::uint32_t cleansed_size = 0;
    // In `targets`.
    std::uint32_t targets_begin = 0;
    std::uint32_t targets_end = 0;
    bool dropped = false;
  };

  Sequence sequence;
  std::size_t bytes = 0;
  std::vector<Line> lines;
  std::vector<Target> targets;
  std::string names;

  [[nodiscard]] std::span<const Target> targets_of(const Line& line) const {
    return std::span(targets).subspan(line.targets_begin, line.targets_end - line.targets_begin);
  }
  /// What is left of a batch may be decided beside the whole of it.
  [[nodiscard]] bool is_of(const Batch& batch) const {
    return sequence == batch.range().begin.sequence && bytes == batch.lines().size();
  }
};

/// Decides batches, each once for all readers that come to it a little later.
/// Threads: any; one batch is decided at a time.
class DecidedBatches {
 public:
  DecidedBatches(std::shared_ptr<const RoutingTable> table, std::size_t cache_bytes,
                 std::vector<ClusterMember> left_out = {});

  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided(const BatchPtr& batch);

  /// For who goes through old batches while readers are at new ones: what was decided for them
  /// stays.
  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided_aside(const BatchPtr& batch);

 private:
  [[nodiscard]] std::shared_ptr<const DecidedBatch> decide(const BatchPtr& batch);

  std::mutex mutex_;
  DecisionCache cache_;                                   // guarded by mutex_
  std::deque<std::shared_ptr<const DecidedBatch>> last_;  // guarded by mutex_
  std::shared_ptr<const DecidedBatch> aside_;             // guarded by mutex_
};

}  // namespace carbon_spool
