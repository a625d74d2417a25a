#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "carbon_spool/queue/batch_selector.h"
#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {

/// Shares out the points of batches by one routing table. Whoever asks first for a batch has it
/// decided for everybody: readers at the same place of the log share the work.
/// Threads: any; one batch is decided at a time. A selector keeps its router alive.
class BatchRouter {
 public:
  /// `cache_bytes`: what decisions by metric path may take (`DecisionCache`).
  [[nodiscard]] static std::shared_ptr<BatchRouter> make(std::shared_ptr<const RoutingTable> table,
                                                         std::size_t cache_bytes);

  virtual ~BatchRouter() = default;

  /// What the reader of that destination gets of each batch; null: all of it, as it is.
  [[nodiscard]] virtual std::shared_ptr<BatchSelector> selector_for(std::uint32_t destination) = 0;

  /// What the reader of a cluster that shares one gets of each batch; null: all of it.
  [[nodiscard]] virtual std::shared_ptr<BatchSelector> selector_for_cluster(
      std::uint32_t cluster) = 0;

  /// What that member gets of the points of a cluster that shares a reader: all that are the
  /// cluster's but not the member's anyway. Shares, of `any_of`: in the order of the members, by
  /// hash. Null: all of each batch.
  [[nodiscard]] virtual std::shared_ptr<BatchSelector> selector_for_member(
      std::uint32_t cluster, std::uint32_t member) = 0;

  /// What `stand_in` gets of the points of a destination that is down (`reroute_after`). Shares: in
  /// the order of `RoutingTable::stand_ins`.
  [[nodiscard]] virtual std::shared_ptr<BatchSelector> selector_for_stand_in(
      std::uint32_t destination, std::uint32_t stand_in) = 0;

  [[nodiscard]] virtual const RoutingTable& table() const = 0;
};

}  // namespace carbon_spool
