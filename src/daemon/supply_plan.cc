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

  [[nodiscard]] bool shares_a_reader_of_a_cluster(std::uint32_t destination) const {
    const auto& clusters = table().options().clusters;
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      if (!shares_a_reader(clusters[i].select)) continue;
      if (std::ranges::count(table().members(i), destination) != 0) return true;
    }
    return false;
  }

  void plan_destination(std::uint32_t destination) {
    SupplyPlan& supply = plan_.supplies[destination];
    const std::string& name = name_of(destination);
    supply.has_own = router_ == nullptr || table().reaches(destination) ||
                     !shares_a_reader_of_a_cluster(destination) || remembered_.contains(name);
    if (!supply.has_own) return;
    ReaderOptions options = config_.destinations[destination].reader;
    if (router_ != nullptr) options.selector = router_->selector_for(destination);
    plan_.readers.push_back({name, std::move(options)});
    supply.sources.push_back({name, "", {}, {}, ""});
  }

  /// While it is down for long, its reader is divided among those.
  void plan_stand_ins(std::uint32_t destination) {
    const std::vector<std::uint32_t> stand_ins = table().stand_ins(destination);
    SupplyPlan& own = plan_.supplies[destination];
    if (stand_ins.empty() || !own.has_own) return;
    const std::string& name = name_of(destination);
    own.reroute_after = table().reroute_after(destination);
    Division division{stand_ins.size(), false, routing_key_};
    for (std::size_t share = 0; share < stand_ins.size(); ++share) {
      // What still waits when it is back is its own again.
      own.sources.push_back({name, name, share, {}, division.key});
      for (const std::uint32_t each : stand_ins) {
        if (each == destination || stand_ins[share] == destination) continue;
        std::vector<std::string> while_down = {name};
        if (each != stand_ins[share]) while_down.push_back(name_of(stand_ins[share]));
        plan_.supplies[each].sources.push_back(
            {name, name_of(each), share, std::move(while_down), division.key});
      }
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
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::vector<PlannedSource>& sources = plan_.supplies[members[i]].sources;
      const std::string& member = name_of(members[i]);
      add_taker(cluster.name, member, router_->selector_for_member(index, members[i]));
      if (cluster.select == Select::AnyOf) {
        for (std::size_t share = 0; share < members.size(); ++share) {
          std::vector<std::string> while_down;
          if (share != i) while_down.push_back(name_of(members[share]));
          sources.push_back({cluster.name, member, share, std::move(while_down), key});
        }
        continue;
      }
      std::vector<std::string> while_down;
      for (std::size_t before = 0; before < i && cluster.select == Select::Failover; ++before) {
        while_down.push_back(name_of(members[before]));
      }
      sources.push_back({cluster.name, member, {}, std::move(while_down), ""});
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

Plan plan_supplies(const Config& config, const PlannedRouting& routing,
                   const std::set<std::string>& remembered) {
  return Planner(config, routing, remembered).plan();
}

}  // namespace carbon_spool
