#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "carbon_spool/queue/batch_selector.h"
#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {

/// Shares out the points of batches by one routing table. Whoever asks first for a batch has it
/// decided for everybody: readers at the same place of the log share the work.
/// Threads: any; one batch is decided at a time.
class BatchRouter {
 public:
  /// `cache_bytes`: what decisions by metric path may take (`DecisionCache`).
  [[nodiscard]] static std::shared_ptr<BatchRouter> make(std::shared_ptr<const RoutingTable> table,
                                                         std::size_t cache_bytes);

  virtual ~BatchRouter() = default;

  /// What that destination of the table gets of each batch; null: all of it, as it is. Keeps the
  /// router alive.
  [[nodiscard]] virtual std::shared_ptr<BatchSelector> selector_for(std::uint32_t destination) = 0;

  [[nodiscard]] virtual const RoutingTable& table() const = 0;
};

}  // namespace carbon_spool
