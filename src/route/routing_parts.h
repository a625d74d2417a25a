#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "carbon_spool/route/routing_table.h"

#include "expression_set.h"
#include "hash_ring.h"
#include "rewrite.h"

namespace carbon_spool {

struct CompiledCluster {
  std::vector<std::uint32_t> members;  ///< destinations
  std::optional<HashRing> ring;        ///< of the hashed ones
  TagHash tag_hash = TagHash::Name;
  bool cleanse_key = false;
};

struct CompiledRoute {
  // Its expressions' numbers in the set: those to match, then those that exclude.
  int first_match = 0;
  int first_exclude = 0;
  int end = 0;
  bool every_point = false;
  bool stop = false;  ///< a drop does, too
  bool drop = false;
  std::vector<std::uint32_t> destinations;
  std::vector<std::uint32_t> clusters;
};

/// What a routing table is made of; everything is constant once it is made.
struct RoutingTable::Parts {
  RoutingOptions options;
  ExpressionSet expressions;
  std::vector<CompiledCluster> clusters;
  std::vector<CompiledRoute> routes;
  std::vector<Rewrite> rewrites;

  /// Gathers why things are as they are, if anybody wants to know.
  struct Why {
    std::vector<std::size_t>* rewrites = nullptr;
    std::vector<RouteExplanation>* routes = nullptr;
    std::vector<ClusterExplanation>* clusters = nullptr;
  };

  Decision decide(std::string_view name, DecisionScratch& scratch,
                  std::span<const ClusterMember> left_out, const Why& why,
                  std::string* routed_name) const;

 private:
  /// What routes and rewrites look at of a name.
  [[nodiscard]] std::string_view seen_by_rules(std::string_view name) const;
  std::string_view rewrite(std::string_view name, RewriteOptions::When when,
                           DecisionScratch& scratch, const Why& why) const;
  /// Marks what the routes name; true if the last one was a `drop`.
  bool follow_routes(std::string_view name, DecisionScratch& scratch, const Why& why) const;
  [[nodiscard]] std::optional<RouteExplanation> meets(std::size_t route, std::string_view name,
                                                      const std::vector<int>& found) const;
  /// Puts the members of hashed clusters in the place of those.
  void choose_members(std::string_view name, DecisionScratch& scratch,
                      std::span<const ClusterMember> left_out, const Why& why) const;
  [[nodiscard]] std::string_view key_of(const CompiledCluster& cluster, std::string_view name,
                                        DecisionScratch& scratch) const;
  [[nodiscard]] std::vector<bool> without(std::uint32_t cluster,
                                          std::span<const ClusterMember> left_out) const;
};

}  // namespace carbon_spool
