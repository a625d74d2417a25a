#include "carbon_spool/route/routing_table.h"

#include <algorithm>

#include "carbon_spool/base/assert.h"

#include "metric_hash.h"
#include "metric_name.h"
#include "routing_parts.h"

namespace carbon_spool {
namespace {

// What is marked for a destination or a cluster. Whoever gets a name in two ways gets it as it
// came.
constexpr std::uint8_t kNothing = 0;
constexpr std::uint8_t kCleansed = 1;
constexpr std::uint8_t kAsItCame = 2;

void mark(std::uint8_t& place, std::uint8_t how) {
  place = std::max(place, how);
}

/// Whether any of a span of numbers is found, and which first; `found` is in order.
std::optional<std::size_t> first_found(const std::vector<int>& found, int begin, int end) {
  const auto at = std::lower_bound(found.begin(), found.end(), begin);
  if (at == found.end() || *at >= end) return std::nullopt;
  return static_cast<std::size_t>(*at - begin);
}

}  // namespace

std::string_view RoutingTable::Parts::seen_by_rules(std::string_view name) const {
  return options.match_tags ? name : without_tags(name);
}

std::string_view RoutingTable::Parts::rewrite(std::string_view name, RewriteOptions::When when,
                                              DecisionScratch& scratch, const Why& why) const {
  for (std::size_t i = 0; i < rewrites.size(); ++i) {
    if (rewrites[i].when() != when) continue;
    // Whichever the name is not in.
    std::string& room = scratch.names_[name.data() == scratch.names_[0].data() ? 1 : 0];
    const std::string_view seen = seen_by_rules(name);
    const std::string_view tags = name.substr(seen.size());
    if (!rewrites[i].apply(seen, kMaxRewrittenBytes - std::min(tags.size(), kMaxRewrittenBytes),
                           room)) {
      continue;
    }
    room += tags;
    name = room;
    if (why.rewrites) why.rewrites->push_back(i);
  }
  return name;
}

std::optional<RouteExplanation> RoutingTable::Parts::meets(std::size_t index, std::string_view name,
                                                           const std::vector<int>& found) const {
  const CompiledRoute& route = routes[index];
  RouteExplanation met;
  met.route = index;
  const auto take = [&](RouteExplanation::Because because, std::size_t element) {
    met.because = because;
    met.element = element;
    return met;
  };
  if (route.every_point) return met;
  const RouteOptions& written = options.routes[index];
  if (const auto match = first_found(found, route.first_match, route.first_exclude)) {
    return take(RouteExplanation::Because::Match, *match);
  }
  for (std::size_t i = 0; i < written.prefixes.size(); ++i) {
    if (name.starts_with(written.prefixes[i])) return take(RouteExplanation::Because::Prefix, i);
  }
  for (std::size_t i = 0; i < written.suffixes.size(); ++i) {
    if (name.ends_with(written.suffixes[i])) return take(RouteExplanation::Because::Suffix, i);
  }
  return std::nullopt;
}

bool RoutingTable::Parts::follow_routes(std::string_view name, DecisionScratch& scratch,
                                        const Why& why) const {
  name = seen_by_rules(name);
  expressions.find(name, scratch.found_);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const CompiledRoute& route = routes[i];
    std::optional<RouteExplanation> met = meets(i, name, scratch.found_);
    if (!met) continue;
    met->excluded_by = first_found(scratch.found_, route.first_exclude, route.end);
    met->stopped = !met->excluded_by && route.stop;
    if (why.routes && !options.routes.empty()) why.routes->push_back(*met);
    if (met->excluded_by) continue;
    for (const std::uint32_t each : route.destinations) scratch.destinations_[each] = kAsItCame;
    for (const std::uint32_t each : route.clusters) scratch.clusters_[each] = kAsItCame;
    if (met->stopped) return route.drop;
  }
  return false;
}

std::string_view RoutingTable::Parts::key_of(const CompiledCluster& cluster, std::string_view name,
                                             DecisionScratch& scratch) const {
  // In this order: what stands before the tags is not the end of a name, and may end in a dot.
  if (cluster.cleanse_key) name = cleansed(name, scratch.cleansed_);
  switch (cluster.tag_hash) {
    case TagHash::Name:
      return without_tags(name);
    case TagHash::Full:
      return name;
    case TagHash::Normalized:
      return normalized(name, scratch.key_);
  }
  CS_ASSERT(false);
}

std::vector<bool> RoutingTable::Parts::without(std::uint32_t cluster,
                                               std::span<const ClusterMember> left_out) const {
  const std::vector<std::uint32_t>& members = clusters[cluster].members;
  std::vector<bool> out;
  for (const ClusterMember& each : left_out) {
    if (each.cluster != cluster) continue;
    out.resize(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i] == each.destination) out[i] = true;
    }
  }
  return out;
}

void RoutingTable::Parts::choose_members(std::string_view name, DecisionScratch& scratch,
                                         std::span<const ClusterMember> left_out,
                                         const Why& why) const {
  for (std::uint32_t i = 0; i < clusters.size(); ++i) {
    if (scratch.clusters_[i] == kNothing) continue;
    const CompiledCluster& cluster = clusters[i];
    const Select select = options.clusters[i].select;
    const bool hashed = cluster.ring || select == Select::AnyOf;
    const std::string_view key = hashed ? key_of(cluster, name, scratch) : std::string_view();
    const std::uint8_t how = options.clusters[i].cleanse ? kCleansed : kAsItCame;

    ClusterExplanation chosen;
    if (cluster.ring) {
      cluster.ring->replicas(key, without(i, left_out), scratch.members_);
      for (const std::uint32_t member : scratch.members_) {
        mark(scratch.destinations_[cluster.members[member]], how);
        if (why.clusters) chosen.members.push_back(cluster.members[member]);
      }
    } else {
      const std::uint32_t hash = select == Select::AnyOf ? fnv1a_32(key) : 0;
      scratch.targets_.push_back({Target::Kind::Cluster, how == kCleansed, i, hash});
      if (why.clusters) {
        chosen.members = cluster.members;
        const auto first = chosen.members.begin() + hash % chosen.members.size();
        std::rotate(chosen.members.begin(), first, first + 1);
      }
    }
    if (!why.clusters) continue;
    chosen.cluster = i;
    chosen.key = key;
    why.clusters->push_back(std::move(chosen));
  }
}

Decision RoutingTable::Parts::decide(std::string_view name, DecisionScratch& scratch,
                                     std::span<const ClusterMember> left_out, const Why& why,
                                     std::string* routed_name) const {
  scratch.targets_.clear();
  scratch.destinations_.assign(options.destinations.size(), kNothing);
  scratch.clusters_.assign(options.clusters.size(), kNothing);

  if (options.cleanse) name = cleansed(name, scratch.names_[0]);
  name = rewrite(name, RewriteOptions::When::Before, scratch, why);
  if (routed_name) *routed_name = name;

  Decision decision;
  decision.dropped = follow_routes(name, scratch, why);
  choose_members(name, scratch, left_out, why);

  // Destinations go before the clusters that are there already.
  const std::size_t shared = scratch.targets_.size();
  for (std::uint32_t i = 0; i < options.destinations.size(); ++i) {
    const std::uint8_t how = scratch.destinations_[i];
    if (how == kNothing) continue;
    scratch.targets_.push_back({Target::Kind::Destination, how == kCleansed, i, 0});
  }
  std::rotate(scratch.targets_.begin(),
              scratch.targets_.begin() + static_cast<std::ptrdiff_t>(shared),
              scratch.targets_.end());

  decision.targets = scratch.targets_;
  decision.name = rewrite(name, RewriteOptions::When::After, scratch, why);
  const bool any_cleansed = std::any_of(scratch.targets_.begin(), scratch.targets_.end(),
                                        [](const Target& target) { return target.cleansed; });
  decision.cleansed_name =
      any_cleansed ? cleansed(decision.name, scratch.cleansed_) : decision.name;
  return decision;
}

RoutingTable::RoutingTable(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
RoutingTable::~RoutingTable() = default;

Decision RoutingTable::decide(std::string_view name, DecisionScratch& scratch,
                              std::span<const ClusterMember> left_out) const {
  return parts_->decide(name, scratch, left_out, {}, nullptr);
}

Explanation RoutingTable::explain(std::string_view name,
                                  std::span<const ClusterMember> left_out) const {
  Explanation explanation;
  DecisionScratch scratch;
  const Parts::Why why{&explanation.rewrites, &explanation.routes, &explanation.clusters};
  const Decision decision = parts_->decide(name, scratch, left_out, why, &explanation.routed_name);
  explanation.sent_name = decision.name;
  explanation.cleansed_name = decision.cleansed_name;
  explanation.targets.assign(decision.targets.begin(), decision.targets.end());
  explanation.dropped = decision.dropped;
  return explanation;
}

std::vector<double> RoutingTable::shares(std::size_t cluster) const {
  const CompiledCluster& compiled = parts_->clusters[cluster];
  if (compiled.ring) return compiled.ring->shares();
  const std::size_t count = compiled.members.size();
  return std::vector<double>(count, 1.0 / static_cast<double>(count));
}

std::span<const std::uint32_t> RoutingTable::members(std::size_t cluster) const {
  return parts_->clusters[cluster].members;
}

const RoutingOptions& RoutingTable::options() const {
  return parts_->options;
}

bool Decision::goes_to(std::uint32_t destination) const {
  return std::any_of(targets.begin(), targets.end(), [&](const Target& target) {
    return target.kind == Target::Kind::Destination && target.index == destination;
  });
}

}  // namespace carbon_spool
