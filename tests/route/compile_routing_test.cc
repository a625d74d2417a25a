#include <catch2/catch.hpp>

#include "routing.h"

namespace carbon_spool {
namespace {

/// Every error, as text.
std::vector<std::string> errors_of(RoutingOptions options) {
  const CompiledRouting routing = compile_routing(std::move(options));
  std::vector<std::string> texts;
  for (const RoutingError& error : routing.errors) texts.push_back(to_string(error));
  CHECK((routing.table == nullptr) == !texts.empty());
  return texts;
}

using Texts = std::vector<std::string>;

TEST_CASE("what a route names must exist", "[route]") {
  RoutingOptions options;
  options.destinations = places(2);
  options.routes = {route_to({"a"}), route_to({"b", "eu"}), route_to({})};
  CHECK(errors_of(options) == Texts{"route[1].to[1]: there is no destination or cluster \"eu\"",
                                    "route[2].to: expected destinations, clusters, or \"drop\""});
}

TEST_CASE("drop stands alone, and is nobody's name", "[route]") {
  RoutingOptions options;
  options.destinations = {place("a"), place("drop")};
  options.routes = {route_to({"a", "drop"})};
  CHECK(errors_of(options) ==
        Texts{"destination[1].name: \"drop\" is the target of routes that drop points",
              "route[0].to[1]: \"drop\" stands alone"});
}

TEST_CASE("names are there, and differ", "[route]") {
  RoutingOptions options;
  options.destinations = {place("a"), place(""), place("a")};
  options.clusters = {cluster_of("a", Select::AnyOf, {"a"})};
  CHECK(errors_of(options) ==
        Texts{"destination[1].name: expected a name",
              "destination[2].name: \"a\" is taken by another destination or cluster",
              "cluster[0].name: \"a\" is taken by another destination or cluster"});
}

TEST_CASE("a cluster has members, which are destinations, each once", "[route]") {
  RoutingOptions options;
  options.destinations = places(2);
  options.clusters = {cluster_of("x", Select::CarbonCh, {}),
                      cluster_of("y", Select::Balance, {"a", "nobody", "x", "a"})};
  CHECK(errors_of(options) ==
        Texts{"cluster[0].members: expected at least one destination",
              "cluster[1].members[1]: there is no destination \"nobody\"",
              "cluster[1].members[2]: \"x\" is a cluster; members are destinations",
              "cluster[1].members[3]: \"a\" is a member already"});
}

TEST_CASE("replication is within the members that differ", "[route]") {
  RoutingOptions options;
  options.destinations = places(4);
  options.destinations[1].host = options.destinations[0].host;
  options.destinations[1].port = 2004;
  options.destinations[2].host = options.destinations[0].host;
  options.destinations[2].instance = "i";
  options.clusters = {cluster_of("none", Select::CarbonCh, {"a", "b"}, 0),
                      cluster_of("many", Select::JumpFnv1aCh, {"a", "b"}, 3),
                      cluster_of("failover", Select::Failover, {"a", "b"}, 2),
                      cluster_of("ports", Select::CarbonCh, {"a", "b", "c"}, 3),
                      cluster_of("hosts", Select::Fnv1aCh, {"a", "c"}, 2),
                      cluster_of("good", Select::Fnv1aCh, {"a", "b", "c"}, 3)};
  options.clusters[4].flavour = Flavour::Carbon;
  CHECK(
      errors_of(options) ==
      Texts{"cluster[0].replication: expected at least 1",
            "cluster[1].replication: 3 copies need as many members, there are 2",
            "cluster[2].replication: only carbon_ch, fnv1a_ch and jump_fnv1a_ch replicate",
            "cluster[3].replication: 3 copies, but the ring tells only 2 members apart (carbon_ch "
            "hashes host and instance, not the port)",
            "cluster[4].replication: 2 copies, but the members' hosts are only 1"});
}

TEST_CASE("what the ring's own program would refuse is refused", "[route]") {
  RoutingOptions options;
  options.destinations = {place("a"), place("b"), place("unix")};
  options.destinations[1].port = 2004;
  options.destinations[2].host = "";
  options.clusters = {cluster_of("jump", Select::JumpFnv1aCh, {"a"}),
                      cluster_of("ports", Select::CarbonCh, {"a", "b"}),
                      cluster_of("sockets", Select::CarbonCh, {"a", "unix"})};
  options.clusters[0].flavour = options.clusters[1].flavour = Flavour::Carbon;
  CHECK(errors_of(options) ==
        Texts{"cluster[0].flavour: carbon has no jump_fnv1a_ch",
              "cluster[1].members[1]: \"b\" and \"a\" have the same host and instance; give them "
              "instances that differ",
              "cluster[2].members[1]: \"unix\" has no host, so it needs an instance"});

  options.destinations[1].port = options.destinations[0].port;
  options.clusters = {cluster_of("same", Select::JumpFnv1aCh, {"a", "b"})};
  CHECK(errors_of(options) ==
        Texts{"cluster[0].members[1]: \"b\" and \"a\" have the same host, port and instance; give "
              "them instances that differ"});
}

TEST_CASE("carbon-c-relay's rings have at most 128 members", "[route]") {
  RoutingOptions options;
  ClusterOptions cluster = cluster_of("ring", Select::CarbonCh, {});
  for (int i = 0; i < 129; ++i) {
    options.destinations.push_back(place("d" + std::to_string(i), i));
    cluster.members.push_back(options.destinations.back().name);
  }
  options.clusters = {cluster};
  CHECK(
      errors_of(options) ==
      Texts{"cluster[0].members: carbon-c-relay has at most 128 members in a ring, here are 129"});
  options.clusters[0].flavour = Flavour::Carbon;
  CHECK(errors_of(options).empty());
  options.clusters[0].flavour = Flavour::CarbonCRelay;
  options.clusters[0].members.pop_back();
  CHECK(errors_of(options).empty());
}

TEST_CASE("expressions must compile, and beginnings not be empty", "[route]") {
  RoutingOptions options;
  options.destinations = places(1);
  options.routes = {route_to({"a"}, {"good", "(", "x{2000}"}), route_to({"a"})};
  options.routes[0].exclude = {"[z-a]"};
  options.routes[1].prefixes = {"x", ""};
  options.routes[1].suffixes = {""};
  options.rewrites = {rewrite("*", ""), rewrite("(a)", "\\2"), rewrite("a", "\\"),
                      rewrite("a", "x y"), rewrite("a", "\\x")};
  const Texts errors = errors_of(options);
  const Texts expected = {
      "route[0].match[1]: \"(\": missing ): (",
      "route[0].match[2]: \"x{2000}\": invalid repetition size: {2000}",
      "route[0].exclude[0]: \"[z-a]\": invalid character class range: z-a",
      "route[1].prefixes[1]: is empty: every name has that",
      "route[1].suffixes[0]: is empty: every name has that",
      "rewrite[0].match: \"*\": no argument for repetition operator: *",
      "rewrite[1].replace: \"\\2\": there is no group 2 in the expression",
      "rewrite[2].replace: \"\\\": expected a digit after the backslash: \\1 is "
      "the first group",
      "rewrite[3].replace: \"x y\": a name has no blanks and no control "
      "characters",
      "rewrite[4].replace: \"\\x\": expected a digit after the backslash: \\1 "
      "is the first group"};
  CHECK(errors == expected);
}

}  // namespace
}  // namespace carbon_spool
