#include "carbon_spool/route/routing_table.h"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "routing.h"

namespace carbon_spool {
namespace {

TEST_CASE("without routes every point goes to every cluster and to what is in none", "[route]") {
  RoutingOptions options;
  options.destinations = places(4);
  options.clusters = {cluster_of("pair", Select::Failover, {"b", "c"})};
  CHECK(decided(*compiled(options), "x.y") == "a d [pair]");
  CHECK(decided(*compiled({}), "x.y").empty());
}

TEST_CASE("a route is met by an expression, a prefix, a suffix, or by everything", "[route]") {
  RoutingOptions options;
  options.destinations = places(4);
  options.routes = {route_to({"a"}, {"^servers\\.", "cpu[0-9]+"}), route_to({"b"}), route_to({"c"}),
                    route_to({"d"})};
  options.routes[1].prefixes = {"apps.", "servers."};
  options.routes[2].suffixes = {".max", ".count"};
  const auto table = compiled(options);
  CHECK(decided(*table, "servers.web01.load") == "a b d");
  CHECK(decided(*table, "x.cpu12.y") == "a d");
  CHECK(decided(*table, "apps.z.count") == "b c d");
  CHECK(decided(*table, "apps") == "d");
}

TEST_CASE("expressions, prefixes and suffixes of one route are alternatives", "[route]") {
  RoutingOptions options;
  options.destinations = places(1);
  options.routes = {route_to({"a"}, {"^m"})};
  options.routes[0].prefixes = {"p"};
  options.routes[0].suffixes = {"s"};
  const auto table = compiled(options);
  for (const char* name : {"mx", "px", "xs"}) CHECK(decided(*table, name) == "a");
  CHECK(decided(*table, "x").empty());
}

TEST_CASE("what is excluded does not match, and does not stop", "[route]") {
  RoutingOptions options;
  options.destinations = places(2);
  options.routes = {route_to({"a"}, {"^x"}), route_to({"b"})};
  options.routes[0].exclude = {"secret", "private$"};
  options.routes[0].stop = true;
  const auto table = compiled(options);
  CHECK(decided(*table, "x.y") == "a");
  CHECK(decided(*table, "x.secret.y") == "b");
  CHECK(decided(*table, "x.private") == "b");
  CHECK(decided(*table, "y") == "b");
}

TEST_CASE("a drop keeps what came before it and ends the rest", "[route]") {
  RoutingOptions options;
  options.destinations = places(2);
  options.routes = {route_to({"a"}, {"both"}), route_to({"drop"}, {"drop"}), route_to({"b"})};
  const auto table = compiled(options);
  CHECK(decided(*table, "x.drop") == "dropped");
  CHECK(decided(*table, "x.both.drop") == "a dropped");
  CHECK(decided(*table, "x") == "b");
}

TEST_CASE("a destination that is named directly and through a cluster gets a point once",
          "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"}),
                      cluster_of("other", Select::Fnv1aCh, {"a", "b", "c"}, 3),
                      cluster_of("any", Select::AnyOf, {"a", "b"})};
  options.routes = {route_to({"a", "ring"}), route_to({"a", "any"}, {"^any"})};
  const auto table = compiled(options);
  CHECK(decided(*table, "foo.bar") == "a c");
  CHECK(decided(*table, "hosts.worker2.cpu") == "a");
  DecisionScratch scratch;
  const Decision decision = table->decide("any.x", scratch);
  CHECK(decision.goes_to(0));
  CHECK(decision.targets.back().kind == Target::Kind::Cluster);
}

TEST_CASE("rings see the name without tags, all of it, or with its tags in order", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"})};
  ClusterOptions& ring = options.clusters[0];
  const auto key = [&](std::string_view name) {
    return compiled(options)->explain(name).clusters.at(0).key;
  };
  CHECK(key("m.x;b=2;a=1") == "m.x");
  ring.tag_hash = TagHash::Full;
  CHECK(key("m.x;b=2;a=1") == "m.x;b=2;a=1");
  ring.tag_hash = TagHash::Normalized;
  CHECK(key("m.x;b=2;a=1") == "m.x;a=1;b=2");
  ring.flavour = Flavour::Carbon;
  CHECK(key("m.x;b=2;a=1") == "m.x;a=1;b=2");
  ring.tag_hash.reset();
  CHECK(key("m.x;b=2;a=1") == "m.x;b=2;a=1");
}

TEST_CASE("carbon-c-relay's rings hash the cleansed name, carbon's the name", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("relay", Select::CarbonCh, {"a", "b", "c"}),
                      cluster_of("any", Select::AnyOf, {"a", "b", "c"}),
                      cluster_of("carbon", Select::CarbonCh, {"a", "b", "c"})};
  options.clusters[2].flavour = Flavour::Carbon;
  const Explanation explanation = compiled(options)->explain("a..b%");
  CHECK(explanation.clusters[0].key == "a.b_");
  CHECK(explanation.clusters[1].key == "a.b_");
  CHECK(explanation.clusters[2].key == "a..b%");
  CHECK(explanation.sent_name == "a..b%");
}

TEST_CASE("the cleansed name goes to those that get it through such clusters only", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"}, 3),
                      cluster_of("shared", Select::Balance, {"a", "b"})};
  options.clusters[0].cleanse = options.clusters[1].cleanse = true;
  options.routes = {route_to({"b", "ring", "shared"})};
  const auto table = compiled(options);
  CHECK(decided(*table, "x%") == "~a b ~c ~[shared]");
  DecisionScratch scratch;
  CHECK(table->decide("x%", scratch).cleansed_name == "x_");
  CHECK(table->decide("x%", scratch).name == "x%");
}

TEST_CASE("names can be cleansed before anything else sees them", "[route]") {
  RoutingOptions options;
  options.cleanse = true;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"})};
  options.routes = {route_to({"ring"}, {"^x_y$", "/"})};
  const auto table = compiled(options);
  CHECK(table->explain("x%y").sent_name == "x_y");
  CHECK(table->explain("x%y").targets.size() == 1);
  CHECK(table->explain("x/y/").targets.empty());

  // As in carbon-c-relay, what a rewrite makes is hashed as it is.
  options.rewrites = {rewrite("_", "/")};
  CHECK(compiled(options)->explain("x%y").clusters.at(0).key == "x/y");
}

TEST_CASE("rewrites before routing change what routes and rings see", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"})};
  options.routes = {route_to({"ring"}, {"^new\\."})};
  options.rewrites = {rewrite("^old\\.(.*)", "new.\\1"), rewrite("^new\\.older\\.", "new.")};
  const Explanation explanation = compiled(options)->explain("old.older.foo");
  CHECK(explanation.routed_name == "new.foo");
  CHECK(explanation.sent_name == "new.foo");
  CHECK(explanation.clusters.at(0).key == "new.foo");
  CHECK(explanation.rewrites == std::vector<std::size_t>{0, 1});
  CHECK(decided(*compiled(options), "old.x").starts_with("new.x -> "));
}

TEST_CASE("rewrites after routing change only what is sent", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"})};
  options.routes = {route_to({"ring"}, {"^old\\."})};
  options.rewrites = {rewrite("^old\\.", "new.", RewriteOptions::When::After), rewrite("x", "y"),
                      rewrite("^new", "newer", RewriteOptions::When::After)};
  const Explanation explanation = compiled(options)->explain("old.x");
  CHECK(explanation.routed_name == "old.y");
  CHECK(explanation.clusters.at(0).key == "old.y");
  CHECK(explanation.sent_name == "newer.y");
}

TEST_CASE("a replacement may use groups, and change them", "[route]") {
  const auto rewritten = [](const std::string& match, const std::string& replace,
                            const std::string& name) {
    RoutingOptions options;
    options.rewrites = {rewrite(match, replace)};
    return compiled(options)->explain(name).sent_name;
  };
  CHECK(rewritten("b(c)(d)?", "<\\2\\1\\0>", "abce") == "a<cbc>e");
  CHECK(rewritten("^(.*)$", "\\_1", "Ab.C") == "ab.c");
  CHECK(rewritten("^(.*)$", "\\^1", "Ab.C") == "AB.C");
  CHECK(rewritten("^(.*)$", "\\.1", "Ab.C") == "Ab_C");
  CHECK(rewritten("^(.*)$", "\\_.1", "Ab.C") == "ab_c");
  CHECK(rewritten("^(.*)$", "\\^.1", "Ab.C") == "AB_C");
  CHECK(rewritten("a", "x\\\\1", "aa") == "x\\1a");
  CHECK(rewritten("^old\\.", "", "old.x") == "x");
}

TEST_CASE("a rewrite that leaves nothing, or too much, is not applied", "[route]") {
  RoutingOptions options;
  options.rewrites = {rewrite("^gone$", ""), rewrite("^(.*)$", "\\1\\1")};
  const auto table = compiled(options);
  CHECK(table->explain("gone").sent_name == "gonegone");
  const std::string longest(kMaxRewrittenBytes / 2, 'x');
  CHECK(table->explain(longest).sent_name == longest + longest);
  CHECK(table->explain(longest + 'x').sent_name == longest + 'x');
}

TEST_CASE("routes and rewrites see tags unless they are not to", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.routes = {route_to({"a"}, {"x$"}), route_to({"b"}, {"env=test"}), route_to({"c"})};
  options.routes[2].suffixes = {".x"};
  options.rewrites = {rewrite("^(.*)$", "\\^1")};
  options.rewrites[0].when = RewriteOptions::When::After;
  CHECK(decided(*compiled(options), "m.x;env=test") == "M.X;ENV=TEST -> b");
  options.match_tags = false;
  CHECK(decided(*compiled(options), "m.x;env=test") == "M.X;env=test -> a c");
  CHECK(decided(*compiled(options), "m.x") == "M.X -> a c");
}

TEST_CASE("an explanation says which routes were met, and why", "[route]") {
  using Because = RouteExplanation::Because;
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::Fnv1aCh, {"c", "b", "a"}, 2),
                      cluster_of("any", Select::AnyOf, {"c", "b", "a"})};
  options.routes = {route_to({"a"}, {"nothing", "foo"}), route_to({"b"}), route_to({"c"}),
                    route_to({"ring", "any"}), route_to({"a"})};
  options.routes[0].exclude = {"zzz", "bar$"};
  options.routes[1].prefixes = {"x", "foo."};
  options.routes[2].suffixes = {"foo"};
  options.routes[3].stop = true;
  const Explanation explanation = compiled(options)->explain("foo.bar");
  REQUIRE(explanation.routes.size() == 3);
  CHECK(explanation.routes[0].because == Because::Match);
  CHECK(explanation.routes[0].element == 1);
  CHECK(explanation.routes[0].excluded_by == std::optional<std::size_t>(1));
  CHECK(explanation.routes[1].because == Because::Prefix);
  CHECK(explanation.routes[1].element == 1);
  CHECK(!explanation.routes[1].stopped);
  CHECK(explanation.routes[2].route == 3);
  CHECK(explanation.routes[2].because == Because::EveryPoint);
  CHECK(explanation.routes[2].stopped);

  REQUIRE(explanation.clusters.size() == 2);
  CHECK(explanation.clusters[0].members == std::vector<std::uint32_t>{2, 0});
  CHECK(explanation.clusters[1].members == std::vector<std::uint32_t>{0, 2, 1});
  CHECK(explanation.targets.size() == 4);
}

TEST_CASE("members that are left out are passed over, in their cluster only", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c"}),
                      cluster_of("same", Select::CarbonCh, {"a", "b", "c"})};
  const auto table = compiled(options);
  CHECK(decided(*table, "foo.bar") == "c");
  CHECK(decided(*table, "foo.bar", {{0, 2}}) == "a c");
  CHECK(decided(*table, "foo.bar", {{0, 2}, {1, 2}}) == "a");
  CHECK(decided(*table, "foo.bar", {{0, 0}, {1, 1}}) == "c");
  CHECK(table->explain("foo.bar", std::vector<ClusterMember>{{0, 2}}).clusters[0].members ==
        std::vector<std::uint32_t>{0});
}

TEST_CASE("any_of chooses as carbon-c-relay while all are up", "[route]") {
  RoutingOptions options;
  options.destinations = places(3);
  options.clusters = {cluster_of("any", Select::AnyOf, {"a", "b", "c"})};
  const auto table = compiled(options);
  const std::pair<const char*, std::size_t> rows[] = {{"hosts.worker1.cpu", 1},
                                                      {"hosts.worker2.cpu", 2},
                                                      {"foo.bar", 2},
                                                      {"servers.web01.loadavg.1min", 0},
                                                      {"foo.bar;tag=x", 2}};
  for (const auto& [name, member] : rows) {
    DecisionScratch scratch;
    CHECK(table->decide(name, scratch).targets[0].hash % 3 == member);
  }
}

TEST_CASE("many expressions that need a large automaton still decide right", "[route]") {
  RoutingOptions options;
  options.destinations = places(2);
  for (int i = 0; i < 300; ++i) {
    options.routes.push_back(
        route_to({"a"}, {"x" + std::to_string(i) + ".*y[a-f]{3,9}.*z" + std::to_string(i) + "$"}));
  }
  options.routes.push_back(route_to({"b"}, {"b"}));
  const auto table = compiled(options);
  const std::string noise(4000, 'x');
  for (int i = 0; i < 300; i += 7) {
    const std::string n = std::to_string(i);
    CHECK(decided(*table, "x" + n + noise + "x1x2x3" + "yabcdef" + noise + "z" + n) == "a b");
    CHECK(decided(*table, "x" + n + noise + "yabcdef" + "z") == "b");
  }
}

}  // namespace
}  // namespace carbon_spool
