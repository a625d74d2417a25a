// Which destinations can get points in which way, whatever their names.

#include <algorithm>
#include <set>

#include "carbon_spool/route/routing_table.h"

#include "routing_parts.h"

namespace carbon_spool {
namespace {

bool contains(const std::vector<std::uint32_t>& all, std::uint32_t one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

/// With no routes at all, one stands for them.
bool RoutingTable::reaches(std::uint32_t destination) const {
  return std::ranges::any_of(parts_->routes, [&](const CompiledRoute& route) {
    return contains(route.destinations, destination) ||
           std::ranges::any_of(route.clusters, [&](std::uint32_t each) {
             const CompiledCluster& cluster = parts_->clusters[each];
             return cluster.ring && contains(cluster.members, destination);
           });
  });
}

std::vector<ClusterMember> RoutingTable::rerouted(std::uint32_t destination) const {
  std::vector<ClusterMember> rerouted;
  for (std::uint32_t i = 0; i < parts_->clusters.size(); ++i) {
    if (!parts_->options.clusters[i].reroute_after) continue;
    if (contains(parts_->clusters[i].members, destination)) rerouted.push_back({i, destination});
  }
  return rerouted;
}

std::optional<Milliseconds> RoutingTable::reroute_after(std::uint32_t destination) const {
  std::optional<Milliseconds> least;
  for (const ClusterMember& each : rerouted(destination)) {
    const auto after = parts_->options.clusters[each.cluster].reroute_after;
    if (!least || *after < *least) least = after;
  }
  return least;
}

std::vector<std::uint32_t> RoutingTable::stand_ins(std::uint32_t destination) const {
  const std::vector<ClusterMember> rerouted_here = rerouted(destination);
  if (rerouted_here.empty()) return {};
  std::set<std::uint32_t> stand_ins;
  bool some_wait = false;
  for (std::uint32_t i = 0; i < parts_->clusters.size(); ++i) {
    const CompiledCluster& cluster = parts_->clusters[i];
    if (!cluster.ring || !contains(cluster.members, destination)) continue;
    const ClusterOptions& options = parts_->options.clusters[i];
    if (!options.reroute_after) {
      some_wait = true;
      continue;
    }
    stand_ins.insert(cluster.members.begin(), cluster.members.end());
    // Copies that must differ in their hosts may find no other.
    some_wait =
        some_wait || options.replication >= cluster.ring->distinct_members() ||
        (options.replication > 1 && cluster.ring->distinct_members() < cluster.members.size());
  }
  some_wait = some_wait || std::ranges::any_of(parts_->routes, [&](const CompiledRoute& route) {
                return contains(route.destinations, destination);
              });
  if (some_wait) {
    stand_ins.insert(destination);
  } else {
    stand_ins.erase(destination);
  }
  return {stand_ins.begin(), stand_ins.end()};
}

}  // namespace carbon_spool
