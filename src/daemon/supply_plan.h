#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "carbon_spool/daemon/config.h"
#include "carbon_spool/queue/queue.h"
#include "carbon_spool/route/batch_router.h"

namespace carbon_spool {

/// Whose each share of a reader is.
struct PlannedKeeper {
  enum class Whose : std::uint8_t {
    Named,   ///< of that destination: others take it while it is down
    Takers,  ///< of whoever takes from the reader
    Nobody,  ///< it waits
  };

  Whose whose = Whose::Named;
  std::string name;

  friend bool operator==(const PlannedKeeper&, const PlannedKeeper&) = default;
};
using PlannedKeepers = std::vector<PlannedKeeper>;

/// A place that a destination's sender takes from, by names.
struct PlannedSource {
  std::string reader;
  std::string taker;  ///< under which it is counted; empty: the reader is the sender's own
  std::vector<std::string> while_down;
  std::shared_ptr<const PlannedKeepers> shares;  ///< one for all takers; null: not in shares
  std::string division;  ///< key of the reader's division: if it changes, nothing may be under way

  /// By what is in `shares`.
  friend bool operator==(const PlannedSource& one, const PlannedSource& other);
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

/// What waits for a destination that gets no points of its own any more is to wait for a cluster
/// that it is a member of.
struct PlannedHandOver {
  std::string from;
  std::string to;
};

/// How the destinations of a configuration are supplied: each has a reader of its own for what
/// routes and rings give to it, each cluster that shares a reader has one, and whoever stands in
/// for another takes from that one's.
struct Plan {
  std::vector<PlannedReader> readers;
  std::vector<PlannedTaker> takers;
  std::vector<PlannedHandOver> hand_overs;
  std::vector<SupplyPlan> supplies;  ///< in the order of the configuration's destinations
};

/// Of `config.routing`.
struct PlannedRouting {
  BatchRouter* router = nullptr;  ///< null: everybody gets everything
  unsigned generation = 0;        ///< another one if anything of the routing is different
};

/// False if it gets points through clusters that share a reader alone.
[[nodiscard]] bool gets_points_of_its_own(const RoutingTable& table, std::uint32_t destination);

/// A destination that gets no points of its own has no reader of its own; one that the queue
/// has `remembered` is handed over.
[[nodiscard]] Plan plan_supplies(const Config& config, const PlannedRouting& routing,
                                 const std::set<std::string>& remembered);

}  // namespace carbon_spool
