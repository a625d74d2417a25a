#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {

/// A destination at 10.0.0.N, port 2003.
inline RouteDestination place(const std::string& name, int n = 1) {
  RouteDestination destination;
  destination.name = name;
  destination.host = "10.0.0." + std::to_string(n);
  destination.port = 2003;
  return destination;
}

/// Destinations "a", "b", … at 10.0.0.1, 10.0.0.2, …
inline std::vector<RouteDestination> places(int count) {
  std::vector<RouteDestination> destinations;
  for (int i = 0; i < count; ++i) {
    destinations.push_back(place(std::string(1, static_cast<char>('a' + i)), i + 1));
  }
  return destinations;
}

inline ClusterOptions cluster_of(const std::string& name, Select select,
                                 std::vector<std::string> members, std::uint32_t replication = 1) {
  ClusterOptions cluster;
  cluster.name = name;
  cluster.select = select;
  cluster.members = std::move(members);
  cluster.replication = replication;
  return cluster;
}

inline RouteOptions route_to(std::vector<std::string> to, std::vector<std::string> match = {}) {
  RouteOptions route;
  route.to = std::move(to);
  route.match = std::move(match);
  return route;
}

inline RewriteOptions rewrite(std::string match, std::string replace,
                              RewriteOptions::When when = RewriteOptions::When::Before) {
  return {std::move(match), std::move(replace), when};
}

inline std::shared_ptr<const RoutingTable> compiled(RoutingOptions options) {
  CompiledRouting routing = compile_routing(std::move(options));
  for (const RoutingError& error : routing.errors) FAIL(to_string(error));
  return routing.table;
}

/// The decision in words: targets by name, `~` before those that get the cleansed name, a cluster
/// in brackets, `dropped` at the end; `name -> a ~b [c]` if the name is another.
inline std::string described(const Decision& decision, const RoutingOptions& options,
                             std::string_view asked) {
  std::string text;
  if (decision.name != asked) text = std::string(decision.name) + " ->";
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  for (const Target& target : decision.targets) {
    const std::string tilde = target.cleansed ? "~" : "";
    if (target.kind == Target::Kind::Destination) {
      add(tilde + options.destinations[target.index].name);
    } else {
      add(tilde + '[' + options.clusters[target.index].name + ']');
    }
  }
  if (decision.dropped) add("dropped");
  return text;
}

inline std::string decided(const RoutingTable& table, std::string_view name,
                           const std::vector<ClusterMember>& left_out = {}) {
  DecisionScratch scratch;
  return described(table.decide(name, scratch, left_out), table.options(), name);
}

}  // namespace carbon_spool
