#include "describe_routing.h"

#include <cstdio>

namespace carbon_spool {
namespace {

/// `'one', 'two'`
std::string quoted(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& each : texts) text += (text.empty() ? "'" : ", '") + each + "'";
  return text;
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

/// Of a cluster whose members share a reader.
void describe_sharing(const ClusterOptions& cluster, Page& page) {
  std::string text = cluster.name + " (" + name_of(cluster.select) + "):";
  const char* const separator = cluster.select == Select::Failover ? ", then " : ", ";
  for (std::size_t i = 0; i < cluster.members.size(); ++i) {
    text += (i == 0 ? " " : separator) + cluster.members[i];
  }
  page.add(text + ".");
  switch (cluster.select) {
    case Select::AnyOf:
      return page.add("Each name has its member; while that is down, another gets its points.");
    case Select::Failover:
      return page.add("The first that is up gets every point.");
    default:
      return page.add("Each point goes to whichever member is ready.");
  }
}

void describe_cluster(const RoutingTable& table, std::size_t index, Page& page) {
  const RoutingOptions& options = table.options();
  const ClusterOptions& cluster = options.clusters[index];
  page.title("cluster");
  if (shares_a_reader(cluster.select)) return describe_sharing(cluster, page);
  std::string text = cluster.name + " (" + name_of(cluster.select) + ", as " +
                     (cluster.flavour == Flavour::Carbon ? "carbon" : "carbon-c-relay") + "):";
  const std::vector<double> shares = table.shares(index);
  const auto members = table.members(index);
  for (std::size_t i = 0; i < members.size(); ++i) {
    text +=
        (i == 0 ? " " : ", ") + options.destinations[members[i]].name + " " + percent(shares[i]);
  }
  text += " of all points";
  if (cluster.replication > 1) {
    text += ", each of which goes to " + std::to_string(cluster.replication) + " members";
  }
  page.add(text + ".");
  page.add(cluster.reroute_after
               ? "Points for a member that is down for " + format_duration(*cluster.reroute_after) +
                     " go to the next along the ring."
               : std::string("Points for a member that is down wait for it."));
}

void describe_route(const RouteOptions& route, Page& page) {
  std::string which;
  const auto add = [&](const char* what, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    which += (which.empty() ? "" : ", or ") + std::string(what) + " " + quoted(texts);
  };
  add("names that match", route.match);
  add("that begin with", route.prefixes);
  add("that end with", route.suffixes);
  if (which.empty()) which = "every name";
  if (!route.exclude.empty()) which += ", but none that matches " + quoted(route.exclude);
  std::string to;
  for (const std::string& each : route.to) to += (to.empty() ? "" : ", ") + each;
  page.title("route");
  page.add(which + ": to " + to + (route.stop ? ", and no later route." : "."));
}

}  // namespace

std::string name_of(Select select) {
  switch (select) {
    case Select::CarbonCh:
      return "carbon_ch";
    case Select::Fnv1aCh:
      return "fnv1a_ch";
    case Select::JumpFnv1aCh:
      return "jump_fnv1a_ch";
    case Select::AnyOf:
      return "any_of";
    case Select::Balance:
      return "balance";
    case Select::Failover:
      break;
  }
  return "failover";
}

void describe_routing(const RoutingTable& table, Page& page) {
  const RoutingOptions& options = table.options();
  for (std::size_t i = 0; i < options.clusters.size(); ++i) describe_cluster(table, i, page);
  for (const RewriteOptions& each : options.rewrites) {
    page.title("rewrite");
    page.add("'" + each.match + "' by '" + each.replace + "', " +
             (each.when == RewriteOptions::When::After ? "after" : "before") + " routing.");
  }
  for (const RouteOptions& each : options.routes) describe_route(each, page);
  if (!options.routes.empty() || options.clusters.empty()) return;
  page.title("route");
  page.add("none: every point goes to every cluster, and to every destination that is in none.");
}

}  // namespace carbon_spool
