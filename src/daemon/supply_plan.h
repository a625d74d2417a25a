#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "carbon_spool/daemon/config.h"
#include "carbon_spool/queue/queue.h"
#include "carbon_spool/route/batch_router.h"

namespace carbon_spool {

/// A place that a destination's sender takes from, by names.
struct PlannedSource {
  std::string reader;
  std::string taker;  ///< under which it is counted; empty: the reader is the sender's own
  Share share;
  std::vector<std::string> while_down;
  std::string division;  ///< key of the reader's division: if it changes, nothing may be under way

  friend bool operator==(const PlannedSource&, const PlannedSource&) = default;
};

/// Where the sender of one destination takes from. While it stays the same, the sender may go on.
struct SupplyPlan {
  std::vector<PlannedSource> sources;
  bool has_own = true;  ///< a reader of its own, of its name
  std::optional<Milliseconds> reroute_after;

  friend bool operator==(const SupplyPlan&, const SupplyPlan&) = default;
};

/// A reader of the queue that a configuration needs.
struct PlannedReader {
  std::string name;
  ReaderOptions options;
};

/// A hand on a reader (`Queue::add_taker`).
struct PlannedTaker {
  std::string reader;
  std::string taker;
  std::shared_ptr<BatchSelector> selector;
};

/// How the destinations of a configuration are supplied: each has a reader of its own for what
/// routes and rings give to it, each cluster that shares a reader has one, and whoever stands in
/// for another takes from that one's.
struct Plan {
  std::vector<PlannedReader> readers;
  std::vector<PlannedTaker> takers;
  std::vector<SupplyPlan> supplies;  ///< in the order of the configuration's destinations
};

/// Of `config.routing`.
struct PlannedRouting {
  BatchRouter* router = nullptr;  ///< null: everybody gets everything
  unsigned generation = 0;        ///< another one if anything of the routing is different
};

/// A destination that gets points
/// through clusters that share a reader alone has none of its own, unless the queue `remembers` one
/// of its name.
[[nodiscard]] Plan plan_supplies(const Config& config, const PlannedRouting& routing,
                                 const std::set<std::string>& remembered);

}  // namespace carbon_spool
