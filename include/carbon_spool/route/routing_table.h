#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/route/routing_options.h"

namespace carbon_spool {

/// A name after all its rewrites is at most that long: a rewrite that would make it longer, or
/// empty, is not applied. It leaves room for value and timestamp in a line.
inline constexpr std::size_t kMaxRewrittenBytes = 8192;

/// What is wrong with the options, and where.
struct RoutingError {
  enum class Item : std::uint8_t { Destination, Cluster, Route, Rewrite };

  Item item = Item::Route;
  std::size_t index = 0;               ///< in the options' vector of such items
  std::string field;                   ///< of the item's struct, as `to`
  std::optional<std::size_t> element;  ///< in a field that is a list; none: the field as a whole
  std::string message;                 ///< what was expected, and what was found
};

/// `route[1].to[0]: there is no destination or cluster "eu"`
[[nodiscard]] std::string to_string(const RoutingError& error);

/// One place that gets a point.
struct Target {
  enum class Kind : std::uint8_t {
    Destination,  ///< named by a route, or chosen by the ring of a hashed cluster
    Cluster,      ///< `any_of`, `balance` or `failover`: its reader gets it, a member later
  };

  Kind kind = Kind::Destination;
  bool cleansed = false;    ///< gets `Decision::cleansed_name`
  std::uint32_t index = 0;  ///< in the options' destinations or clusters
  std::uint32_t hash = 0;   ///< of an `any_of` cluster: modulo its members, whose the point is

  friend bool operator==(const Target&, const Target&) = default;
};

/// Who gets a point. A destination is in it once, however many routes and rings lead there.
///
/// A destination that is named here and is also a member of a cluster that is named here must leave
/// the point to the former when it takes work from the cluster's reader: `goes_to` tells.
struct Decision {
  std::string_view name;            ///< what is sent, but for a destination's prefix
  std::string_view cleansed_name;   ///< … to targets that want it cleansed; else as `name`
  std::span<const Target> targets;  ///< destinations, then clusters, each by index
  bool dropped = false;             ///< the last route to match was a `drop`

  [[nodiscard]] bool goes_to(std::uint32_t destination) const;
};

/// A member that a hashed cluster is to do without for now (`reroute_after`).
struct ClusterMember {
  std::uint32_t cluster = 0;
  std::uint32_t destination = 0;

  friend bool operator==(const ClusterMember&, const ClusterMember&) = default;
};

/// What `decide` works in and points its answer into; reuse one, and there is little to allocate.
class DecisionScratch {
 private:
  friend class RoutingTable;
  std::string names_[2];
  std::string cleansed_;
  std::string key_;
  std::vector<int> found_;
  std::vector<std::uint8_t> destinations_;
  std::vector<std::uint8_t> clusters_;
  std::vector<Target> targets_;
  std::vector<std::uint32_t> members_;
};

/// One route that a name met, and why.
struct RouteExplanation {
  enum class Because : std::uint8_t { EveryPoint, Match, Prefix, Suffix };

  std::size_t route = 0;
  Because because = Because::EveryPoint;
  std::size_t element = 0;                 ///< which of `match`, `prefixes` or `suffixes`
  std::optional<std::size_t> excluded_by;  ///< which of `exclude`: then it did not match after all
  bool stopped = false;                    ///< no later route was looked at
};

/// What one cluster makes of a name.
struct ClusterExplanation {
  std::size_t cluster = 0;
  std::string key;  ///< what is hashed; empty for `balance` and `failover`
  /// Destinations that get the point, in the order of replicas; of a cluster that shares a reader
  /// all of them, of `any_of` first the one whose it is while all are up.
  std::vector<std::uint32_t> members;
};

/// A decision with its reasons.
struct Explanation {
  std::string routed_name;  ///< what routes and rings see
  std::string sent_name;
  std::string cleansed_name;
  std::vector<std::size_t> rewrites;  ///< those that changed the name, in order
  std::vector<RouteExplanation> routes;
  std::vector<ClusterExplanation> clusters;
  std::vector<Target> targets;
  bool dropped = false;
};

struct CompiledRouting;

/// Checks the options, all of them, and makes the table.
[[nodiscard]] CompiledRouting compile_routing(RoutingOptions options);

/// Which destinations and clusters get a point, by its name. Made once by `compile_routing`, never
/// changed. Threads: any, each with a scratch of its own.
class RoutingTable {
 public:
  struct Parts;  ///< the module's own
  explicit RoutingTable(std::unique_ptr<const Parts> parts);
  ~RoutingTable();
  RoutingTable(const RoutingTable&) = delete;
  RoutingTable& operator=(const RoutingTable&) = delete;

  /// The answer is good until `scratch` is used again, and while `name` is there. Costs
  /// microseconds: see `DecisionCache`.
  ///
  /// Members `left_out` of hashed clusters are passed over: their places go to the next members
  /// along the ring (for jump: to the next ones of carbon-c-relay's replica sequence) that are not
  /// there yet, so that only points of those members move, and to the same place whenever it is
  /// asked. Where too few members are left, the point stays with the ones it belongs to.
  [[nodiscard]] Decision decide(std::string_view name, DecisionScratch& scratch,
                                std::span<const ClusterMember> left_out = {}) const;

  [[nodiscard]] Explanation explain(std::string_view name,
                                    std::span<const ClusterMember> left_out = {}) const;

  /// The part of all points that each member of a hashed cluster gets, in the order of `members`,
  /// as the ring shares them out (with replication they add up to that); of others, equal parts.
  [[nodiscard]] std::vector<double> shares(std::size_t cluster) const;

  /// The destinations that a cluster consists of, in its order.
  [[nodiscard]] std::span<const std::uint32_t> members(std::size_t cluster) const;

  /// True if that destination may get points other than from a reader that it shares.
  [[nodiscard]] bool reaches(std::uint32_t destination) const;

  /// Those that get points of a destination while it is down for long (`reroute_after`), itself
  /// among them if some must wait for it all the same. Empty: all wait.
  [[nodiscard]] std::vector<std::uint32_t> stand_ins(std::uint32_t destination) const;
  /// Where it is to be left out then.
  [[nodiscard]] std::vector<ClusterMember> rerouted(std::uint32_t destination) const;
  /// How long it must be down for that: the least that one of its clusters says.
  [[nodiscard]] std::optional<Milliseconds> reroute_after(std::uint32_t destination) const;

  [[nodiscard]] const RoutingOptions& options() const;

 private:
  std::unique_ptr<const Parts> parts_;
};

/// Either a table, or every error there is.
struct CompiledRouting {
  std::shared_ptr<const RoutingTable> table;  ///< null if there are errors
  std::vector<RoutingError> errors;
};

}  // namespace carbon_spool
