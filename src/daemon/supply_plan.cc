#include "supply_plan.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {
namespace {

class Planner {
 public:
  Planner(const Config& config, const PlannedRouting& routing,
          const std::set<std::string>& remembered)
      : config_(config),
        router_(routing.router),
        routing_key_(std::to_string(routing.generation)),
        remembered_(remembered) {}

  [[nodiscard]] Plan plan() {
    plan_.supplies.resize(config_.destinations.size());
    for (std::uint32_t i = 0; i < config_.destinations.size(); ++i) plan_destination(i);
    if (router_ == nullptr) return std::move(plan_);
    for (std::uint32_t i = 0; i < config_.destinations.size(); ++i) plan_stand_ins(i);
    for (std::uint32_t i = 0; i < table().options().clusters.size(); ++i) plan_cluster(i);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const RoutingTable& table() const { return router_->table(); }
  [[nodiscard]] const std::string& name_of(std::uint32_t destination) const {
    return config_.destinations[destination].sender.name;
  }

  void plan_destination(std::uint32_t destination) {
    SupplyPlan& supply = plan_.supplies[destination];
    const std::string& name = name_of(destination);
    supply.has_own = router_ == nullptr || gets_points_of_its_own(table(), destination);
    if (!supply.has_own) return;
    ReaderOptions options = config_.destinations[destination].reader;
    if (router_ != nullptr) options.selector = router_->selector_for(destination);
    plan_.readers.push_back({name, std::move(options)});
    supply.sources.push_back({name, "", {}, nullptr, ""});
  }

  /// While it is down for long, its reader is divided among those.
  void plan_stand_ins(std::uint32_t destination) {
    const std::vector<std::uint32_t> stand_ins = table().stand_ins(destination);
    SupplyPlan& own = plan_.supplies[destination];
    if (stand_ins.empty() || !own.has_own) return;
    const std::string& name = name_of(destination);
    own.reroute_after = table().reroute_after(destination);
    Division division{stand_ins.size(), false, routing_key_};
    // What still waits when it is back is its own again.
    const PlannedKeepers its_own(stand_ins.size(), {PlannedKeeper::Whose::Takers, ""});
    own.sources.push_back(
        {name, name, {}, std::make_shared<const PlannedKeepers>(its_own), division.key});
    PlannedKeepers keepers;
    for (const std::uint32_t each : stand_ins) {
      keepers.push_back(each == destination
                            ? PlannedKeeper{PlannedKeeper::Whose::Nobody, ""}
                            : PlannedKeeper{PlannedKeeper::Whose::Named, name_of(each)});
    }
    const auto shares = std::make_shared<const PlannedKeepers>(std::move(keepers));
    for (const std::uint32_t each : stand_ins) {
      if (each == destination) continue;
      plan_.supplies[each].sources.push_back({name, name_of(each), {name}, shares, division.key});
    }
    add_taker(name, name, router_->selector_for_stand_in(destination, destination));
    for (const std::uint32_t each : stand_ins) {
      if (each == destination) continue;
      add_taker(name, name_of(each), router_->selector_for_stand_in(destination, each));
    }
    const auto reader = std::ranges::find(plan_.readers, name, &PlannedReader::name);
    reader->options.division = std::move(division);
  }

  void plan_cluster(std::uint32_t index) {
    const ClusterOptions& cluster = table().options().clusters[index];
    if (!shares_a_reader(cluster.select)) return;
    const auto members = table().members(index);
    ReaderOptions options = cluster_reader(index);
    const std::string key = options.division.key;
    plan_.readers.push_back({cluster.name, std::move(options)});
    std::shared_ptr<const PlannedKeepers> shares;
    if (cluster.select == Select::AnyOf) {
      PlannedKeepers keepers;
      for (const std::uint32_t each : members) {
        keepers.push_back({PlannedKeeper::Whose::Named, name_of(each)});
      }
      shares = std::make_shared<const PlannedKeepers>(std::move(keepers));
    }
    std::vector<std::string> while_down;
    for (const std::uint32_t each : members) {
      const std::string& member = name_of(each);
      plan_hand_over(each, cluster.name);
      add_taker(cluster.name, member, router_->selector_for_member(index, each));
      plan_.supplies[each].sources.push_back({cluster.name, member, while_down, shares, key});
      if (cluster.select == Select::Failover) while_down.push_back(member);
    }
  }

  /// Keeps as long, and as much, as any of its members asks for.
  [[nodiscard]] ReaderOptions cluster_reader(std::uint32_t index) const {
    const ClusterOptions& cluster = table().options().clusters[index];
    ReaderOptions options;
    options.max_backlog = 0;
    options.selector = router_->selector_for_cluster(index);
    for (const std::uint32_t each : table().members(index)) {
      const ReaderOptions& member = config_.destinations[each].reader;
      if (member.start == ReaderStart::Oldest) options.start = ReaderStart::Oldest;
      options.max_backlog = std::max(options.max_backlog, member.max_backlog);
      options.keep_acknowledged_bytes =
          std::max(options.keep_acknowledged_bytes, member.keep_acknowledged_bytes);
      options.keep_acknowledged_for =
          std::max(options.keep_acknowledged_for, member.keep_acknowledged_for);
    }
    if (cluster.select == Select::AnyOf) {
      options.division = {cluster.members.size(), true, routing_key_};
    }
    return options;
  }

  void plan_hand_over(std::uint32_t member, const std::string& cluster) {
    const std::string& name = name_of(member);
    if (plan_.supplies[member].has_own || !remembered_.contains(name)) return;
    const auto is_planned = [&](const PlannedHandOver& each) { return each.from == name; };
    if (std::ranges::any_of(plan_.hand_overs, is_planned)) return;
    plan_.hand_overs.push_back({name, cluster});
  }

  void add_taker(const std::string& reader, const std::string& taker,
                 std::shared_ptr<BatchSelector> selector) {
    plan_.takers.push_back({reader, taker, std::move(selector)});
  }

  const Config& config_;
  BatchRouter* const router_;
  const std::string routing_key_;
  const std::set<std::string>& remembered_;
  Plan plan_;
};

}  // namespace

bool gets_points_of_its_own(const RoutingTable& table, std::uint32_t destination) {
  if (table.reaches(destination)) return true;
  const auto& clusters = table.options().clusters;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (!shares_a_reader(clusters[i].select)) continue;
    if (std::ranges::count(table.members(i), destination) != 0) return false;
  }
  return true;
}

bool operator==(const PlannedSource& one, const PlannedSource& other) {
  const bool same_shares =
      one.shares == other.shares || (one.shares && other.shares && *one.shares == *other.shares);
  return same_shares && one.reader == other.reader && one.taker == other.taker &&
         one.while_down == other.while_down && one.division == other.division;
}

Plan plan_supplies(const Config& config, const PlannedRouting& routing,
                   const std::set<std::string>& remembered) {
  return Planner(config, routing, remembered).plan();
}

}  // namespace carbon_spool
