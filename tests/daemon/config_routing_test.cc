// [[cluster]], [[route]], [[rewrite]] and what of a destination belongs to them.

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

constexpr const char* kThree = R"([[input]]
[[destination]]
name = "a"
address = "tcp://10.0.0.1:2003"
prefix = "eu."
[[destination]]
name = "b"
address = "tcp://10.0.0.2:2003"
instance = "one"
[[destination]]
name = "c"
address = "tcp://[2001:db8::1]:2004"
)";  // twelve lines

std::vector<std::string> errors_of(const std::string& more) {
  std::vector<std::string> errors;
  for (const ConfigError& error : parse_config(kThree + more, "f").errors) {
    errors.push_back(to_string(error));
  }
  return errors;
}

std::string only_error(const std::string& more) {
  const auto errors = errors_of(more);
  for (const std::string& error : errors) UNSCOPED_INFO(error);
  REQUIRE(errors.size() == 1);
  return errors.front();
}

RoutingOptions routing_of(const std::string& more) {
  const LoadedConfig loaded = parse_config(kThree + more, "f");
  for (const ConfigError& error : loaded.errors) FAIL_CHECK(to_string(error));
  REQUIRE(loaded.config.routing);
  return loaded.config.routing->options();
}

TEST_CASE("destinations are known to routing as they are written", "[config]") {
  const RoutingOptions options = routing_of("");
  REQUIRE(options.destinations.size() == 3);
  CHECK(options.destinations[0].name == "a");
  CHECK(options.destinations[0].host == "10.0.0.1");
  CHECK(options.destinations[0].port == 2003);
  CHECK(options.destinations[0].prefix == "eu.");
  CHECK(options.destinations[1].instance == "one");
  CHECK(options.destinations[2].host == "2001:db8::1");
  CHECK(options.match_tags);
  CHECK_FALSE(options.cleanse);
}

TEST_CASE("clusters, routes and rewrites are read with all their keys", "[config]") {
  const RoutingOptions options = routing_of(R"(
[[cluster]]
name = "eu"
select = "fnv1a_ch"
flavour = "carbon"
tag_hash = "normalized"
distinct = "host"
replication = 2
on_member_down = "reroute_after:5m"
cleanse = true
members = ["b", "c"]
[[route]]
match = ['^servers\.', "x"]
prefixes = ["p."]
suffixes = [".s"]
exclude = ["not"]
to = ["eu", "a"]
stop = true
[[route]]
to = ["drop"]
[[rewrite]]
match = '^old\.(.*)'
replace = 'new.\1'
when = "after"
[routing]
cleanse = true
match_tags = false
)");
  REQUIRE(options.clusters.size() == 1);
  const ClusterOptions& cluster = options.clusters[0];
  CHECK(cluster.name == "eu");
  CHECK(cluster.select == Select::Fnv1aCh);
  CHECK(cluster.flavour == Flavour::Carbon);
  CHECK(cluster.tag_hash == TagHash::Normalized);
  CHECK(cluster.distinct == Distinct::Host);
  CHECK(cluster.replication == 2);
  CHECK(cluster.cleanse);
  CHECK(cluster.reroute_after == Milliseconds(300'000));
  CHECK(cluster.members == std::vector<std::string>{"b", "c"});
  REQUIRE(options.routes.size() == 2);
  const RouteOptions& route = options.routes[0];
  CHECK(route.match == std::vector<std::string>{"^servers\\.", "x"});
  CHECK(route.prefixes == std::vector<std::string>{"p."});
  CHECK(route.suffixes == std::vector<std::string>{".s"});
  CHECK(route.exclude == std::vector<std::string>{"not"});
  CHECK(route.to == std::vector<std::string>{"eu", "a"});
  CHECK(route.stop);
  CHECK(options.routes[1].to == std::vector<std::string>{kDropTarget});
  REQUIRE(options.rewrites.size() == 1);
  CHECK(options.rewrites[0].match == "^old\\.(.*)");
  CHECK(options.rewrites[0].replace == "new.\\1");
  CHECK(options.rewrites[0].when == RewriteOptions::When::After);
  CHECK(options.cleanse);
  CHECK_FALSE(options.match_tags);
}

TEST_CASE("what is wrong with routing is told with line and key", "[config]") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {"[[route]]\nto = ['x']\n", "f:14: route[0].to[0]: "},
      {"[[route]]\nmatch = ['a', '(']\nto = ['a']\n", "f:14: route[0].match[1]: "},
      {"[[route]]\nexclude = ['[']\nto = ['a']\n", "f:14: route[0].exclude[0]: "},
      {"[[route]]\nmatch = ['a']\n", "f:13: route[0].to: "},
      {"[[route]]\nto = 'a'\n", "f:14: route[0].to: expected an array of strings, found "},
      {"[[route]]\nto = ['a', 5]\n",
       "f:14: route[0].to: expected an array of strings, found in it "},
      {"[[route]]\nto = ['a']\nstop = 'yes'\n",
       "f:15: route[0].stop: expected true or false, found "},
      {"[[route]]\nto = ['a']\nmatches = []\n",
       "f:15: route[0].matches: unknown key; did you mean \"match\"?"},
      {"[[cluster]]\nname = 'eu'\n", "f:13: cluster[0].members: "},
      {"[[cluster]]\nmembers = ['a']\n",
       "f:13: cluster[0].name: expected a name; this key has no default"},
      {"[[cluster]]\nname = 'eu'\nmembers = ['x']\n", "f:15: cluster[0].members[0]: "},
      {"[[cluster]]\nname = 'a'\nmembers = ['b']\n", "f:14: cluster[0].name: "},
      {"[[cluster]]\nname = 'eu'\nmembers = ['b']\nreplication = 2\n",
       "f:16: cluster[0].replication: "},
      {"[[cluster]]\nname = 'eu'\non_member_down = 'reroute_after'\nmembers = ['b']\n",
       "f:15: cluster[0].on_member_down: expected \"wait\" or \"reroute_after:\" and a duration"},
      {"[[cluster]]\nname = 'eu'\non_member_down = 'reroute_after:soon'\nmembers = ['b']\n",
       "f:15: cluster[0].on_member_down: "},
      {"[[cluster]]\nname = 'eu'\nselect = 'balance'\non_member_down = 'reroute_after:5m'\n"
       "members = ['b']\n",
       "f:16: cluster[0].on_member_down: "},
      {"[[cluster]]\nname = 'eu'\nselect = 'any_of'\nreplication = 2\nmembers = ['a', 'b']\n",
       "f:16: cluster[0].replication: "},
      {"[[rewrite]]\nmatch = 'a'\n",
       "f:13: rewrite[0].replace: expected a string; this key has no default"},
      {"[[rewrite]]\nmatch = '('\nreplace = 'b'\n", "f:14: rewrite[0].match: "},
      {"[[rewrite]]\nmatch = 'a'\nreplace = '\\9'\n", "f:15: rewrite[0].replace: "},
      {"[routing]\ncleanse = 1\n",
       "f:14: routing.cleanse: expected true or false, found the integer 1"},
  }));
  CHECK_THAT(only_error(text), Catch::StartsWith(error));
}

}  // namespace
}  // namespace carbon_spool
