#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {

/// Decisions by metric path, so that a series costs one look-up and not the expressions of every
/// route.
///
/// Limits: takes `max_bytes` of memory, never more, whatever arrives; pages that were never needed
/// are not there yet. The series that was not asked for the longest makes room (second chance). A
/// hit neither allocates nor locks; nor does a miss, but for what RE2 does and until the scratch
/// has grown to the longest name. Names that collide on purpose make each other miss, and cost
/// nothing else.
///
/// Threads: one at a time. Whoever reads the log has a cache of its own; two threads that split
/// work have two, of half the size. The table may be shared.
class DecisionCache {
 public:
  static constexpr std::size_t kMinBytes = 256 << 10;              ///< less is taken for that …
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 30;  ///< … and more for that

  DecisionCache(std::shared_ptr<const RoutingTable> table, std::size_t max_bytes);
  ~DecisionCache();
  DecisionCache(const DecisionCache&) = delete;
  DecisionCache& operator=(const DecisionCache&) = delete;

  /// As `RoutingTable::decide`; good until the next call of a member, and while `name` is there.
  [[nodiscard]] Decision decide(std::string_view name);

  /// Members that decisions do without from now on; forgets what was decided if that is a change.
  void leave_out(std::vector<ClusterMember> members);

  [[nodiscard]] std::uint64_t hits() const { return hits_; }
  [[nodiscard]] std::uint64_t misses() const { return misses_; }
  [[nodiscard]] std::size_t series() const;  ///< how many are remembered

  [[nodiscard]] const RoutingTable& table() const { return *table_; }

 private:
  class Store;

  std::shared_ptr<const RoutingTable> table_;
  std::vector<ClusterMember> left_out_;
  DecisionScratch scratch_;
  std::unique_ptr<Store> store_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace carbon_spool
