#include "config_routing.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {
namespace {

constexpr std::uint32_t kMostReplicas = 128;

constexpr const char* kOnMemberDown =
    "expected \"wait\" or \"reroute_after:\" and a duration, as \"reroute_after:5m\"";

void read_on_member_down(ConfigTable& table, std::string_view what, ClusterOptions& cluster) {
  constexpr std::string_view kReroute = "reroute_after:";
  if (what == "wait") return;
  const auto after = what.starts_with(kReroute) ? parse_duration(what.substr(kReroute.size()))
                                                : Result<Milliseconds>(Error{""});
  if (!after) {
    table.error("on_member_down",
                std::string(kOnMemberDown) + ", found " + quote_for_log(std::string(what)));
    return;
  }
  cluster.reroute_after = after.value();
}

ClusterOptions read_cluster(ConfigTable& table) {
  ClusterOptions cluster;
  table.name("name", cluster.name);
  if (cluster.name.empty() && table.take("name") == nullptr) {
    table.error("name", "expected a name; this key has no default");
  }
  table.choice<Select>("select",
                       {{"carbon_ch", Select::CarbonCh},
                        {"fnv1a_ch", Select::Fnv1aCh},
                        {"jump_fnv1a_ch", Select::JumpFnv1aCh},
                        {"any_of", Select::AnyOf},
                        {"balance", Select::Balance},
                        {"failover", Select::Failover}},
                       cluster.select);
  table.choice<Flavour>("flavour",
                        {{"carbon-c-relay", Flavour::CarbonCRelay}, {"carbon", Flavour::Carbon}},
                        cluster.flavour);
  if (table.take("tag_hash") != nullptr) {
    table.choice<TagHash>(
        "tag_hash",
        {{"name", TagHash::Name}, {"full", TagHash::Full}, {"normalized", TagHash::Normalized}},
        cluster.tag_hash.emplace());
  }
  if (table.take("distinct") != nullptr) {
    table.choice<Distinct>("distinct", {{"server", Distinct::Server}, {"host", Distinct::Host}},
                           cluster.distinct.emplace());
  }
  if (auto what = table.text("on_member_down", kOnMemberDown)) {
    read_on_member_down(table, *what, cluster);
  }
  table.integer("replication", 1, kMostReplicas, cluster.replication);
  table.boolean("cleanse", cluster.cleanse);
  table.texts("members", cluster.members);
  table.finish();
  return cluster;
}

RouteOptions read_route(ConfigTable& table) {
  RouteOptions route;
  table.texts("match", route.match);
  table.texts("prefixes", route.prefixes);
  table.texts("suffixes", route.suffixes);
  table.texts("exclude", route.exclude);
  table.texts("to", route.to);
  table.boolean("stop", route.stop);
  table.finish();
  return route;
}

RewriteOptions read_rewrite(ConfigTable& table) {
  RewriteOptions rewrite;
  for (const auto& [key, target] :
       {std::pair{"match", &rewrite.match}, std::pair{"replace", &rewrite.replace}}) {
    if (table.take(key) == nullptr) table.error(key, "expected a string; this key has no default");
    if (auto found = table.text(key, "expected a string")) *target = std::move(*found);
  }
  table.choice<RewriteOptions::When>(
      "when", {{"before", RewriteOptions::When::Before}, {"after", RewriteOptions::When::After}},
      rewrite.when);
  table.finish();
  return rewrite;
}

RouteDestination route_destination(const DestinationConfig& destination) {
  const Address& address = destination.sender.address;
  RouteDestination place;
  place.name = destination.sender.name;
  place.host = address.host.empty() ? address.path : address.host;
  place.port = address.port;
  place.instance = destination.instance;
  place.prefix = destination.prefix;
  return place;
}

/// The tables of `[[name]]`, each read by `read`.
template <class Item>
std::vector<ConfigTable> read_each(ConfigTable& root, const std::string& name,
                                   ConfigReading& reading, Item (*read)(ConfigTable&),
                                   std::vector<Item>& items) {
  std::vector<ConfigTable> tables;
  for (const toml::value* each : root.tables(name)) {
    tables.emplace_back(*each, name + "[" + std::to_string(items.size()) + "]", reading);
    items.push_back(read(tables.back()));
  }
  return tables;
}

/// A destination of events named where points go.
template <class Item>
void refuse_events(std::vector<ConfigTable>& tables, const std::vector<Item>& items,
                   std::vector<std::string> Item::*names, const std::string& key,
                   const Config& config) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::vector<std::string>& named = items[i].*names;
    for (std::size_t n = 0; n < named.size(); ++n) {
      const bool of_events = std::ranges::any_of(config.event_destinations, [&](const auto& each) {
        return each.sender.name == named[n];
      });
      if (!of_events) continue;
      tables[i].error(
          key, "expected a destination of points, found \"" + named[n] + "\", which takes events");
    }
  }
}

}  // namespace

void read_place_in_routing(ConfigTable& table, DestinationConfig& destination) {
  for (const auto& [key, target] :
       {std::pair{"prefix", &destination.prefix}, std::pair{"instance", &destination.instance}}) {
    if (auto found = table.text(key, "expected a string")) *target = std::move(*found);
  }
}

void read_routing(ConfigTable& root, ConfigTable routing,
                  const std::vector<ConfigTable>& destinations, Config& config,
                  ConfigReading& reading) {
  RoutingOptions options;
  routing.boolean("cleanse", options.cleanse);
  routing.boolean("match_tags", options.match_tags);
  routing.finish();
  auto clusters = read_each(root, "cluster", reading, read_cluster, options.clusters);
  auto routes = read_each(root, "route", reading, read_route, options.routes);
  auto rewrites = read_each(root, "rewrite", reading, read_rewrite, options.rewrites);
  refuse_events(clusters, options.clusters, &ClusterOptions::members, "members", config);
  refuse_events(routes, options.routes, &RouteOptions::to, "to", config);
  for (const DestinationConfig& each : config.destinations) {
    options.destinations.push_back(route_destination(each));
  }
  // What could not be read would only be complained about twice.
  if (!reading.errors.empty()) return;
  CompiledRouting compiled = compile_routing(std::move(options));
  config.routing = std::move(compiled.table);
  for (const RoutingError& error : compiled.errors) {
    const auto& tables = error.item == RoutingError::Item::Destination ? destinations
                         : error.item == RoutingError::Item::Cluster   ? clusters
                         : error.item == RoutingError::Item::Route     ? routes
                                                                       : rewrites;
    const std::string key =
        error.field + (error.element ? "[" + std::to_string(*error.element) + "]" : "");
    const ConfigTable& table = tables.at(error.index);
    reading.error(table.line_of(error.field), table.full_name(key), error.message);
  }
}

}  // namespace carbon_spool
