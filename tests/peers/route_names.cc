// What the rings make of names, for the tests that compare them with other programs. Reads from
// standard input
//
//   destination HOST PORT INSTANCE
//   cluster SELECT FLAVOUR TAG_HASH DISTINCT REPLICATION DESTINATION…
//   names
//
// with a minus for what is not set and destinations by number from 0, then names, one a line.
// Prints for each name, between tabs: the name sent where it is cleansed, and for each cluster the
// numbers of the destinations that get it, in order.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "route_names: " << why << '\n';
  std::exit(1);
}

template <class Value>
Value meaning(const std::map<std::string, Value>& words, const std::string& word) {
  const auto found = words.find(word);
  if (found == words.end()) give_up("unknown word " + word);
  return found->second;
}

void read_cluster(std::istringstream& words, RoutingOptions& options) {
  std::string select, flavour, tag_hash, distinct;
  ClusterOptions cluster;
  words >> select >> flavour >> tag_hash >> distinct >> cluster.replication;
  cluster.name = "cluster" + std::to_string(options.clusters.size());
  cluster.cleanse = true;
  cluster.select = meaning<Select>({{"carbon_ch", Select::CarbonCh},
                                    {"fnv1a_ch", Select::Fnv1aCh},
                                    {"jump_fnv1a_ch", Select::JumpFnv1aCh},
                                    {"any_of", Select::AnyOf},
                                    {"failover", Select::Failover}},
                                   select);
  cluster.flavour = meaning<Flavour>(
      {{"carbon-c-relay", Flavour::CarbonCRelay}, {"carbon", Flavour::Carbon}}, flavour);
  cluster.tag_hash = meaning<std::optional<TagHash>>({{"-", std::nullopt},
                                                      {"name", TagHash::Name},
                                                      {"full", TagHash::Full},
                                                      {"normalized", TagHash::Normalized}},
                                                     tag_hash);
  cluster.distinct = meaning<std::optional<Distinct>>(
      {{"-", std::nullopt}, {"server", Distinct::Server}, {"host", Distinct::Host}}, distinct);
  for (std::string member; words >> member;) cluster.members.push_back(member);
  options.clusters.push_back(std::move(cluster));
}

RoutingOptions read_options() {
  RoutingOptions options;
  for (std::string line; std::getline(std::cin, line) && line != "names";) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "destination") {
      RouteDestination destination;
      words >> destination.host >> destination.port >> destination.instance;
      destination.name = std::to_string(options.destinations.size());
      if (destination.instance == "-") destination.instance.clear();
      options.destinations.push_back(std::move(destination));
    } else if (kind == "cluster") {
      read_cluster(words, options);
    } else {
      give_up("unknown line: " + line);
    }
  }
  return options;
}

/// The decision must be what the explanation says; the tests see only the latter.
void compare(const Decision& decision, const Explanation& explanation) {
  std::vector<std::uint32_t> explained;
  for (const ClusterExplanation& cluster : explanation.clusters) {
    const Target shared{Target::Kind::Cluster, true, static_cast<std::uint32_t>(cluster.cluster),
                        0};
    const bool is_shared =
        std::any_of(decision.targets.begin(), decision.targets.end(), [&](const Target& target) {
          return target.kind == shared.kind && target.index == shared.index;
        });
    if (is_shared) continue;
    explained.insert(explained.end(), cluster.members.begin(), cluster.members.end());
  }
  std::sort(explained.begin(), explained.end());
  explained.erase(std::unique(explained.begin(), explained.end()), explained.end());
  std::vector<std::uint32_t> decided;
  for (const Target& target : decision.targets) {
    if (target.kind == Target::Kind::Destination) decided.push_back(target.index);
  }
  if (decided != explained) give_up("decided otherwise than explained: " + explanation.sent_name);
}

void print_members(const ClusterExplanation& cluster, Select select) {
  const bool one = select == Select::AnyOf || select == Select::Failover;
  const char* between = "\t";
  for (const std::uint32_t member : cluster.members) {
    std::cout << between << member;
    between = ",";
    if (one) return;
  }
}

int run() {
  const CompiledRouting routing = compile_routing(read_options());
  for (const RoutingError& error : routing.errors) std::cerr << to_string(error) << '\n';
  if (!routing.table) return 1;
  DecisionScratch scratch;
  for (std::string name; std::getline(std::cin, name);) {
    const Explanation explanation = routing.table->explain(name);
    compare(routing.table->decide(name, scratch), explanation);
    std::cout << explanation.cleansed_name;
    for (const ClusterExplanation& cluster : explanation.clusters) {
      print_members(cluster, routing.table->options().clusters[cluster.cluster].select);
    }
    std::cout << '\n';
  }
  return 0;
}

}  // namespace
}  // namespace carbon_spool

int main() {
  std::ios::sync_with_stdio(false);
  return carbon_spool::run();
}
