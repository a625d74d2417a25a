#include <algorithm>
#include <map>
#include <tuple>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/route/routing_table.h"

#include "routing_parts.h"

namespace carbon_spool {
namespace {

using Item = RoutingError::Item;

/// carbon-c-relay 3.9 refuses more in a ring (3.7 gives up at about half of it).
constexpr std::size_t kMostMembers = 128;

std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

TagHash default_tag_hash(Flavour flavour) {
  return flavour == Flavour::Carbon ? TagHash::Full : TagHash::Name;
}

Distinct default_distinct(Flavour flavour) {
  return flavour == Flavour::Carbon ? Distinct::Host : Distinct::Server;
}

/// Checks the options and fills the parts, noting every error on the way.
class Compiler {
 public:
  Compiler(RoutingTable::Parts& parts, std::vector<RoutingError>& errors)
      : parts_(parts), options_(parts.options), errors_(errors) {}

  void compile() {
    name_everything();
    for (std::size_t i = 0; i < options_.clusters.size(); ++i) compile_cluster(i);
    for (std::size_t i = 0; i < options_.routes.size(); ++i) compile_route(i);
    if (options_.routes.empty()) route_everything();
    if (!parts_.expressions.compile()) {
      fail(Item::Route, 0, "match", {}, "the expressions of all routes are too much together");
    }
    for (std::size_t i = 0; i < options_.rewrites.size(); ++i) compile_rewrite(i);
  }

 private:
  struct Named {
    bool is_cluster = false;
    std::uint32_t index = 0;
  };

  void fail(Item item, std::size_t index, std::string field, std::optional<std::size_t> element,
            std::string message) {
    errors_.push_back({item, index, std::move(field), element, std::move(message)});
  }

  void name_everything() {
    const auto add = [&](Item item, std::size_t index, const std::string& name) {
      const Named named{item == Item::Cluster, static_cast<std::uint32_t>(index)};
      if (name.empty()) {
        fail(item, index, "name", {}, "expected a name");
      } else if (name == kDropTarget) {
        fail(item, index, "name", {}, "\"drop\" is the target of routes that drop points");
      } else if (!names_.emplace(name, named).second) {
        fail(item, index, "name", {}, quoted(name) + " is taken by another destination or cluster");
      }
    };
    for (std::size_t i = 0; i < options_.destinations.size(); ++i) {
      add(Item::Destination, i, options_.destinations[i].name);
    }
    for (std::size_t i = 0; i < options_.clusters.size(); ++i) {
      add(Item::Cluster, i, options_.clusters[i].name);
    }
  }

  void compile_cluster(std::size_t index) {
    const ClusterOptions& cluster = options_.clusters[index];
    CompiledCluster& compiled = parts_.clusters.emplace_back();
    compiled.tag_hash = cluster.tag_hash.value_or(default_tag_hash(cluster.flavour));
    compiled.cleanse_key = cluster.flavour == Flavour::CarbonCRelay && !options_.cleanse;

    const std::size_t errors_before = errors_.size();
    find_members(index, compiled);
    check_numbers(index);
    if (shares_a_reader(cluster.select)) return;
    check_ring_members(index, compiled);
    if (errors_.size() != errors_before) return;
    make_ring(index, compiled);
  }

  void find_members(std::size_t index, CompiledCluster& compiled) {
    const ClusterOptions& cluster = options_.clusters[index];
    if (cluster.members.empty()) {
      fail(Item::Cluster, index, "members", {}, "expected at least one destination");
    }
    for (std::size_t i = 0; i < cluster.members.size(); ++i) {
      const std::string& name = cluster.members[i];
      const auto found = names_.find(name);
      if (found == names_.end()) {
        fail(Item::Cluster, index, "members", i, "there is no destination " + quoted(name));
      } else if (found->second.is_cluster) {
        fail(Item::Cluster, index, "members", i,
             quoted(name) + " is a cluster; members are destinations");
      } else if (std::count(compiled.members.begin(), compiled.members.end(),
                            found->second.index) != 0) {
        fail(Item::Cluster, index, "members", i, quoted(name) + " is a member already");
      } else {
        compiled.members.push_back(found->second.index);
      }
    }
  }

  void check_numbers(std::size_t index) {
    const ClusterOptions& cluster = options_.clusters[index];
    if (cluster.reroute_after && shares_a_reader(cluster.select)) {
      fail(Item::Cluster, index, "on_member_down", {},
           "points of any_of, balance and failover go to members that are up at once");
    }
    if (cluster.replication == 0) {
      fail(Item::Cluster, index, "replication", {}, "expected at least 1");
    } else if (shares_a_reader(cluster.select)) {
      if (cluster.replication != 1) {
        fail(Item::Cluster, index, "replication", {},
             "only carbon_ch, fnv1a_ch and jump_fnv1a_ch replicate");
      }
    } else if (cluster.replication > cluster.members.size() && !cluster.members.empty()) {
      fail(Item::Cluster, index, "replication", {},
           std::to_string(cluster.replication) + " copies need as many members, there are " +
               std::to_string(cluster.members.size()));
    }
  }

  /// Members that the program whose ring this is would refuse, or could not tell apart.
  void check_ring_members(std::size_t index, const CompiledCluster& compiled) {
    const ClusterOptions& cluster = options_.clusters[index];
    if (cluster.flavour == Flavour::Carbon && cluster.select == Select::JumpFnv1aCh) {
      fail(Item::Cluster, index, "flavour", {}, "carbon has no jump_fnv1a_ch");
    }
    if (cluster.flavour == Flavour::CarbonCRelay && compiled.members.size() > kMostMembers) {
      fail(Item::Cluster, index, "members", {},
           "carbon-c-relay has at most 128 members in a ring, here are " +
               std::to_string(compiled.members.size()));
    }
    const bool port_counts = cluster.flavour == Flavour::CarbonCRelay;
    std::map<std::tuple<std::string, std::uint16_t, std::string>, std::string> servers;
    for (const std::uint32_t each : compiled.members) {
      const RouteDestination& member = options_.destinations[each];
      const auto at = static_cast<std::size_t>(
          std::find(cluster.members.begin(), cluster.members.end(), member.name) -
          cluster.members.begin());
      if (member.host.empty() && member.instance.empty()) {
        fail(Item::Cluster, index, "members", at,
             quoted(member.name) + " has no host, so it needs an instance");
        continue;
      }
      const auto server =
          std::tuple(member.host, port_counts ? member.port : std::uint16_t{0}, member.instance);
      const auto [same, is_new] = servers.emplace(server, member.name);
      if (!is_new) {
        fail(Item::Cluster, index, "members", at,
             quoted(member.name) + " and " + quoted(same->second) +
                 (port_counts ? " have the same host, port and instance"
                              : " have the same host and instance") +
                 "; give them instances that differ");
      }
    }
  }

  void make_ring(std::size_t index, CompiledCluster& compiled) {
    const ClusterOptions& cluster = options_.clusters[index];
    std::vector<RingMember> members;
    for (const std::uint32_t each : compiled.members) {
      const RouteDestination& member = options_.destinations[each];
      members.push_back({member.host, member.port, member.instance});
    }
    const Distinct distinct = cluster.distinct.value_or(default_distinct(cluster.flavour));
    compiled.ring.emplace(cluster.select, cluster.flavour, distinct, cluster.replication,
                          std::move(members));
    const std::size_t different = compiled.ring->distinct_members();
    if (cluster.replication <= different) return;
    fail(Item::Cluster, index, "replication", {},
         std::to_string(cluster.replication) + " copies, but " +
             (distinct == Distinct::Host
                  ? "the members' hosts are only " + std::to_string(different)
                  : "the ring tells only " + std::to_string(different) +
                        " members apart (carbon_ch hashes host and instance, not the port)"));
  }

  int add_expressions(std::size_t route, const std::string& field,
                      const std::vector<std::string>& expressions) {
    for (std::size_t i = 0; i < expressions.size(); ++i) {
      if (auto error = parts_.expressions.add(expressions[i])) {
        fail(Item::Route, route, field, i, quoted(expressions[i]) + ": " + *error);
      }
    }
    return parts_.expressions.size();
  }

  void compile_route(std::size_t index) {
    const RouteOptions& route = options_.routes[index];
    CompiledRoute& compiled = parts_.routes.emplace_back();
    compiled.first_match = parts_.expressions.size();
    compiled.first_exclude = add_expressions(index, "match", route.match);
    compiled.end = add_expressions(index, "exclude", route.exclude);
    compiled.every_point = route.match.empty() && route.prefixes.empty() && route.suffixes.empty();
    const auto check_filled = [&](const char* field, const std::vector<std::string>& texts) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) fail(Item::Route, index, field, i, "is empty: every name has that");
      }
    };
    compiled.stop = route.stop;
    check_filled("prefixes", route.prefixes);
    check_filled("suffixes", route.suffixes);
    find_targets(index, compiled);
  }

  void find_targets(std::size_t index, CompiledRoute& compiled) {
    const RouteOptions& route = options_.routes[index];
    if (route.to.empty()) {
      fail(Item::Route, index, "to", {}, "expected destinations, clusters, or \"drop\"");
    }
    for (std::size_t i = 0; i < route.to.size(); ++i) {
      if (route.to[i] == kDropTarget) {
        compiled.drop = true;
        compiled.stop = true;
        if (route.to.size() > 1) {
          fail(Item::Route, index, "to", i, "\"drop\" stands alone");
        }
        continue;
      }
      const auto found = names_.find(route.to[i]);
      if (found == names_.end()) {
        fail(Item::Route, index, "to", i,
             "there is no destination or cluster " + quoted(route.to[i]));
      } else {
        (found->second.is_cluster ? compiled.clusters : compiled.destinations)
            .push_back(found->second.index);
      }
    }
  }

  /// One route that stands for none: everywhere, members of clusters through those.
  void route_everything() {
    CompiledRoute& all = parts_.routes.emplace_back();
    all.every_point = true;
    std::vector<bool> in_cluster(options_.destinations.size());
    for (std::uint32_t i = 0; i < parts_.clusters.size(); ++i) {
      all.clusters.push_back(i);
      for (const std::uint32_t member : parts_.clusters[i].members) in_cluster[member] = true;
    }
    for (std::uint32_t i = 0; i < in_cluster.size(); ++i) {
      if (!in_cluster[i]) all.destinations.push_back(i);
    }
  }

  void compile_rewrite(std::size_t index) {
    const RewriteOptions& rewrite = options_.rewrites[index];
    auto match = Rewrite::compile_match(rewrite.match);
    if (!match) {
      fail(Item::Rewrite, index, "match", {}, quoted(rewrite.match) + ": " + match.error().message);
      return;
    }
    auto compiled = Rewrite::compile_replace(std::move(match).value(), rewrite);
    if (!compiled) {
      fail(Item::Rewrite, index, "replace", {},
           quoted(rewrite.replace) + ": " + compiled.error().message);
      return;
    }
    parts_.rewrites.push_back(std::move(compiled).value());
  }

  RoutingTable::Parts& parts_;
  const RoutingOptions& options_;
  std::vector<RoutingError>& errors_;
  std::map<std::string, Named, std::less<>> names_;
};

const char* name_of(Item item) {
  switch (item) {
    case Item::Destination:
      return "destination";
    case Item::Cluster:
      return "cluster";
    case Item::Route:
      return "route";
    case Item::Rewrite:
      return "rewrite";
  }
  CS_ASSERT(false);
}

}  // namespace

std::string to_string(const RoutingError& error) {
  const auto subscript = [](std::size_t i) { return '[' + std::to_string(i) + ']'; };
  return name_of(error.item) + subscript(error.index) + '.' + error.field +
         (error.element ? subscript(*error.element) : "") + ": " + error.message;
}

CompiledRouting compile_routing(RoutingOptions options) {
  CompiledRouting result;
  auto parts = std::make_unique<RoutingTable::Parts>();
  parts->options = std::move(options);
  Compiler(*parts, result.errors).compile();
  if (result.errors.empty()) {
    result.table = std::make_shared<const RoutingTable>(std::move(parts));
  }
  return result;
}

}  // namespace carbon_spool
