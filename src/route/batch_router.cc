#include "carbon_spool/route/batch_router.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decided_batches.h"

namespace carbon_spool {
namespace {

/// Of decisions without a destination that was down for long: of each, and of all together.
constexpr std::size_t kRerouteCacheBytes = 8 << 20;
constexpr std::size_t kRerouteCachesBytes = 64 << 20;

const Target* find_target(std::span<const Target> targets, Target::Kind kind, std::uint32_t index) {
  const auto found = std::ranges::find_if(
      targets, [&](const Target& each) { return each.kind == kind && each.index == index; });
  return found == targets.end() ? nullptr : &*found;
}

const Target* find_destination(std::span<const Target> targets, std::uint32_t index) {
  return find_target(targets, Target::Kind::Destination, index);
}

/// What becomes of one line of a batch.
struct Choice {
  const Target* target = nullptr;  ///< it is chosen, for that
  bool in_other_share = false;
};

/// `choose` gives each line of the batch its Choice.
template <class Choose>
BatchSelector::Selected select_lines(const BatchPtr& batch, const DecidedBatch& decided,
                                     const std::string& prefix, const Choose& choose) {
  const std::string_view text = batch->lines();
  BatchSelector::Selected selected;
  std::string lines;
  std::uint64_t points = 0;
  bool as_it_is = prefix.empty();
  for (const DecidedBatch::Line& line : decided.lines) {
    const Choice choice = choose(line);
    if (choice.target == nullptr) {
      if (choice.in_other_share) {
        ++selected.in_other_shares;
      } else if (line.dropped) {
        ++selected.dropped;
      }
      as_it_is = false;
      continue;
    }
    if (lines.empty()) lines.reserve(text.size() + text.size() / 4);
    ++points;
    const bool cleansed = choice.target->cleansed;
    const std::uint32_t renamed = cleansed ? line.cleansed_size : line.sent_size;
    lines += prefix;
    if (renamed == 0) {
      lines += text.substr(line.begin, line.end - line.begin);
      continue;
    }
    as_it_is = false;
    const std::uint32_t begin = cleansed ? line.cleansed_begin : line.sent_begin;
    lines += std::string_view(decided.names).substr(begin, renamed);
    lines += text.substr(line.name_end, line.end - line.name_end);
  }
  if (points == 0) return selected;
  if (as_it_is) {
    selected.batch = batch;
  } else {
    selected.batch = chosen_from(*batch, std::move(lines), points);
  }
  return selected;
}

/// `is_wanted` tells it of each line of the batch.
template <class IsWanted>
std::vector<LineFate> fates_of(const DecidedBatch& decided, const IsWanted& is_wanted) {
  std::vector<LineFate> fates;
  fates.reserve(decided.lines.size());
  for (const DecidedBatch::Line& line : decided.lines) {
    if (is_wanted(decided.targets_of(line))) {
      fates.push_back(LineFate::Wanted);
    } else {
      fates.push_back(line.dropped ? LineFate::Dropped : LineFate::Elsewhere);
    }
  }
  return fates;
}

/// True if each point goes, as it is, to every cluster and to every destination that is in none.
bool sends_everything_everywhere(const RoutingOptions& options) {
  return options.routes.empty() && options.rewrites.empty() && !options.cleanse &&
         std::ranges::all_of(options.clusters, shares_a_reader, &ClusterOptions::select);
}

class Router final : public BatchRouter, public std::enable_shared_from_this<Router> {
 public:
  Router(std::shared_ptr<const RoutingTable> table, std::size_t cache_bytes)
      : table_(std::move(table)), batches_(table_, cache_bytes) {}

  [[nodiscard]] std::shared_ptr<BatchSelector> selector_for(std::uint32_t destination) override;
  [[nodiscard]] std::shared_ptr<BatchSelector> selector_for_cluster(std::uint32_t cluster) override;
  [[nodiscard]] std::shared_ptr<BatchSelector> selector_for_member(std::uint32_t cluster,
                                                                   std::uint32_t member) override;
  [[nodiscard]] std::shared_ptr<BatchSelector> selector_for_stand_in(
      std::uint32_t destination, std::uint32_t stand_in) override;
  [[nodiscard]] const RoutingTable& table() const override { return *table_; }

  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided(const BatchPtr& batch) {
    return batches_.decided(batch);
  }
  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided_aside(const BatchPtr& batch) {
    return batches_.decided_aside(batch);
  }
  /// As it would be without that destination, in clusters that reroute.
  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided_without(std::uint32_t destination,
                                                                    const BatchPtr& batch);

  [[nodiscard]] const RouteDestination& options_of(std::uint32_t destination) const {
    return table_->options().destinations[destination];
  }

 private:
  [[nodiscard]] bool gets_everything(std::uint32_t cluster) const;

  const std::shared_ptr<const RoutingTable> table_;
  DecidedBatches batches_;
  std::mutex mutex_;
  std::map<std::uint32_t, std::unique_ptr<DecidedBatches>> without_;  // guarded by mutex_
};

class DestinationSelector final : public BatchSelector {
 public:
  DestinationSelector(std::shared_ptr<Router> router, std::uint32_t destination)
      : router_(std::move(router)), destination_(destination) {}

  [[nodiscard]] Selected select(const BatchPtr& batch, Share) override {
    const auto decided = router_->decided(batch);
    return select_lines(batch, *decided, router_->options_of(destination_).prefix,
                        [&](const DecidedBatch::Line& line) {
                          return Choice{find_destination(decided->targets_of(line), destination_)};
                        });
  }

  [[nodiscard]] std::vector<LineFate> fates(const BatchPtr& batch) override {
    return fates_of(*router_->decided_aside(batch), [&](std::span<const Target> targets) {
      return find_destination(targets, destination_) != nullptr;
    });
  }

 private:
  const std::shared_ptr<Router> router_;
  const std::uint32_t destination_;
};

class ClusterSelector final : public BatchSelector {
 public:
  /// `member`: that takes it, if any.
  ClusterSelector(std::shared_ptr<Router> router, std::uint32_t cluster,
                  std::optional<std::uint32_t> member)
      : router_(std::move(router)), cluster_(cluster), member_(member) {
    if (member_) prefix_ = router_->options_of(*member_).prefix;
  }

  [[nodiscard]] Selected select(const BatchPtr& batch, Share share) override {
    const auto decided = router_->decided(batch);
    const std::size_t members = router_->table().members(cluster_).size();
    return select_lines(batch, *decided, prefix_, [&](const DecidedBatch::Line& line) -> Choice {
      const auto targets = decided->targets_of(line);
      const Target* const target = find_target(targets, Target::Kind::Cluster, cluster_);
      if (target == nullptr) return {};
      if (share && target->hash % members != *share) return {nullptr, true};
      if (member_ && find_destination(targets, *member_)) return {};
      return {target};
    });
  }

  /// Of the cluster, whichever member takes it.
  [[nodiscard]] std::vector<LineFate> fates(const BatchPtr& batch) override {
    return fates_of(*router_->decided_aside(batch), [&](std::span<const Target> targets) {
      return find_target(targets, Target::Kind::Cluster, cluster_) != nullptr;
    });
  }

 private:
  const std::shared_ptr<Router> router_;
  const std::uint32_t cluster_;
  const std::optional<std::uint32_t> member_;
  std::string prefix_;
};

class StandInSelector final : public BatchSelector {
 public:
  StandInSelector(std::shared_ptr<Router> router, std::uint32_t destination, std::uint32_t stand_in)
      : router_(std::move(router)),
        destination_(destination),
        stand_in_(stand_in),
        shares_(router_->table().stand_ins(destination)) {}

  [[nodiscard]] Selected select(const BatchPtr& batch, Share share) override {
    const auto decided = router_->decided(batch);
    const auto without = router_->decided_without(destination_, batch);
    const std::uint32_t wanted = shares_[share.value()];
    return select_lines(
        batch, *decided, router_->options_of(stand_in_).prefix,
        [&](const DecidedBatch::Line& line) -> Choice {
          const auto targets = decided->targets_of(line);
          const Target* const own = find_destination(targets, destination_);
          if (own == nullptr) return {};
          const auto others = without->targets_of(
              without->lines[static_cast<std::size_t>(&line - decided->lines.data())]);
          return choose(targets, others, *own, wanted);
        });
  }

  /// Of the destination, whoever stands in for it.
  [[nodiscard]] std::vector<LineFate> fates(const BatchPtr& batch) override {
    return fates_of(*router_->decided_aside(batch), [&](std::span<const Target> targets) {
      return find_destination(targets, destination_) != nullptr;
    });
  }

 private:
  /// Who stands in for the destination gets what it would not get anyway.
  [[nodiscard]] Choice choose(std::span<const Target> targets, std::span<const Target> without,
                              const Target& own, std::uint32_t wanted) const {
    if (find_destination(without, destination_) != nullptr) {
      if (wanted == destination_) return {&own};
      return {nullptr, true};
    }
    Choice choice;
    for (const Target& each : without) {
      if (each.kind != Target::Kind::Destination) continue;
      if (find_destination(targets, each.index) != nullptr) continue;
      if (each.index == wanted) return {&each};
      choice.in_other_share = true;
    }
    return choice;
  }

  const std::shared_ptr<Router> router_;
  const std::uint32_t destination_;
  const std::uint32_t stand_in_;
  const std::vector<std::uint32_t> shares_;
};

std::shared_ptr<BatchSelector> Router::selector_for(std::uint32_t destination) {
  const bool gets_all = sends_everything_everywhere(table_->options()) &&
                        table_->reaches(destination) && options_of(destination).prefix.empty();
  if (gets_all) return nullptr;
  return std::make_shared<DestinationSelector>(shared_from_this(), destination);
}

bool Router::gets_everything(std::uint32_t cluster) const {
  const ClusterOptions& options = table_->options().clusters[cluster];
  return sends_everything_everywhere(table_->options()) && options.select != Select::AnyOf &&
         !options.cleanse;
}

std::shared_ptr<BatchSelector> Router::selector_for_cluster(std::uint32_t cluster) {
  if (gets_everything(cluster)) return nullptr;
  return std::make_shared<ClusterSelector>(shared_from_this(), cluster, std::nullopt);
}

std::shared_ptr<BatchSelector> Router::selector_for_member(std::uint32_t cluster,
                                                           std::uint32_t member) {
  if (gets_everything(cluster) && options_of(member).prefix.empty()) return nullptr;
  return std::make_shared<ClusterSelector>(shared_from_this(), cluster, member);
}

std::shared_ptr<BatchSelector> Router::selector_for_stand_in(std::uint32_t destination,
                                                             std::uint32_t stand_in) {
  return std::make_shared<StandInSelector>(shared_from_this(), destination, stand_in);
}

std::shared_ptr<const DecidedBatch> Router::decided_without(std::uint32_t destination,
                                                            const BatchPtr& batch) {
  DecidedBatches* batches = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<DecidedBatches>& found = without_[destination];
    if (!found) {
      const std::size_t bytes =
          std::min(kRerouteCacheBytes, kRerouteCachesBytes / table_->options().destinations.size());
      found = std::make_unique<DecidedBatches>(table_, bytes, table_->rerouted(destination));
    }
    batches = found.get();
  }
  return batches->decided(batch);
}

}  // namespace

std::shared_ptr<BatchRouter> BatchRouter::make(std::shared_ptr<const RoutingTable> table,
                                               std::size_t cache_bytes) {
  return std::make_shared<Router>(std::move(table), cache_bytes);
}

}  // namespace carbon_spool
