// carbon-spool route: who would get a point of that name, and why.

#include <iostream>

#include "carbon_spool/route/decision_cache.h"

#include "commands.h"
#include "screen.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kCacheBytes = 64 << 20;
constexpr std::size_t kWriteBytes = 64 << 10;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& each : names) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "nobody" : text;
}

std::string because(const RouteOptions& route, const RouteExplanation& why) {
  switch (why.because) {
    case RouteExplanation::Because::Match:
      return "match '" + route.match[why.element] + "'";
    case RouteExplanation::Because::Prefix:
      return "prefix \"" + route.prefixes[why.element] + "\"";
    case RouteExplanation::Because::Suffix:
      return "suffix \"" + route.suffixes[why.element] + "\"";
    case RouteExplanation::Because::EveryPoint:
      break;
  }
  return "every point";
}

class Names {
 public:
  explicit Names(const RoutingTable& table) : table_(table), options_(table.options()) {}

  [[nodiscard]] const std::string& destination(std::uint32_t index) const {
    return options_.destinations[index].name;
  }
  /// A destination; or `cluster/member`, that which gets it while all are up; `cluster/*`: any.
  [[nodiscard]] std::string target(const Target& target) const {
    if (target.kind == Target::Kind::Destination) return destination(target.index);
    const std::optional<std::uint32_t> first = first_member(target);
    return options_.clusters[target.index].name + '/' + (first ? destination(*first) : "*");
  }
  /// As it arrives there.
  [[nodiscard]] std::string sent_to(const Target& target, std::string_view name,
                                    std::string_view cleansed) const {
    const std::optional<std::uint32_t> to =
        target.kind == Target::Kind::Destination ? target.index : first_member(target);
    std::string sent = to ? options_.destinations[*to].prefix : "";
    sent += target.cleansed ? cleansed : name;
    return sent;
  }

 private:
  [[nodiscard]] std::optional<std::uint32_t> first_member(const Target& target) const {
    const auto members = table_.members(target.index);
    switch (options_.clusters[target.index].select) {
      case Select::AnyOf:
        return members[target.hash % members.size()];
      case Select::Failover:
        return members.front();
      default:
        return std::nullopt;
    }
  }

  const RoutingTable& table_;
  const RoutingOptions& options_;
};

std::string explained(const RoutingTable& table, const std::string& name) {
  const RoutingOptions& options = table.options();
  const Names names(table);
  const Explanation why = table.explain(name);
  std::string text = name + '\n';
  for (const std::size_t each : why.rewrites) {
    const RewriteOptions& rewrite = options.rewrites[each];
    text += "  rewrite[" + std::to_string(each) + "]: '" + rewrite.match + "' by '" +
            rewrite.replace + "'\n";
  }
  if (why.routed_name != name) text += "  routed as " + why.routed_name + '\n';
  if (options.routes.empty()) text += "  no routes: every cluster, and destinations in none\n";
  for (const RouteExplanation& each : why.routes) {
    const RouteOptions& route = options.routes[each.route];
    text += "  route[" + std::to_string(each.route) + "]: " + because(route, each);
    if (each.excluded_by) {
      text += ", but exclude '" + route.exclude[*each.excluded_by] + "'\n";
      continue;
    }
    text += "; to " + joined(route.to) + (each.stopped ? "; stop\n" : "\n");
  }
  for (const ClusterExplanation& each : why.clusters) {
    std::vector<std::string> members;
    for (const std::uint32_t member : each.members) members.push_back(names.destination(member));
    // Those that do not hash have no key.
    const std::string by = each.key.empty() ? "" : ", by '" + each.key + "'";
    text += "  cluster " + options.clusters[each.cluster].name + by + ": " + joined(members) + '\n';
  }
  std::vector<std::string> goes_to;
  for (const Target& each : why.targets) {
    const std::string sent = names.sent_to(each, why.sent_name, why.cleansed_name);
    goes_to.push_back(names.target(each) + (sent == name ? "" : " as " + sent));
  }
  text += "  goes to " + joined(goes_to) + (why.dropped ? "; dropped by a route\n" : "\n");
  return text;
}

/// `NAME`, and behind tabs each destination, with ` as SENT` where it gets another name.
void add_line(DecisionCache& cache, const std::string& name, std::string& page) {
  const Names names(cache.table());
  const Decision decision = cache.decide(name);
  page += name;
  for (const Target& each : decision.targets) {
    page += '\t' + names.target(each);
    const std::string sent = names.sent_to(each, decision.name, decision.cleansed_name);
    if (sent != name) page += " as " + sent;
  }
  page += '\n';
}

int route_standard_input(const Config& config) {
  std::ios::sync_with_stdio(false);
  DecisionCache cache(config.routing, kCacheBytes);
  std::string page;
  bool written = true;
  for (std::string name; written && std::getline(std::cin, name);) {
    add_line(cache, name, page);
    if (page.size() < kWriteBytes) continue;
    written = print(page);
    page.clear();
  }
  return written && print(page) ? kExitGood : kExitNeedsALook;
}

}  // namespace

int route_names(const RouteArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  if (arguments.names.empty()) return route_standard_input(*config);
  std::string page;
  for (const std::string& name : arguments.names) page += explained(*config->routing, name);
  print(page);
  return kExitGood;
}

}  // namespace carbon_spool
