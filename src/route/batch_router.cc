#include "carbon_spool/route/batch_router.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/route/decision_cache.h"

namespace carbon_spool {
namespace {

/// Batches whose decisions are kept for the readers that come to them a little later.
constexpr std::size_t kDecidedBatches = 16;

/// Which points of a batch go where.
struct DecidedBatch {
  struct Line {
    std::uint32_t begin = 0;     ///< of the line in the batch
    std::uint32_t name_end = 0;  ///< of its name in the batch; the blank is there
    std::uint32_t end = 0;       ///< behind its LF
    // In `names`, if the name that is sent is not the one that came.
    std::uint32_t sent_begin = 0;
    std::uint32_t sent_size = 0;
    std::uint32_t cleansed_begin = 0;
    std::uint32_t cleansed_size = 0;
    std::uint32_t targets_end = 0;  ///< of its targets; they begin where the line before ends
    bool dropped = false;
  };

  Sequence sequence;
  std::size_t bytes = 0;
  std::vector<Line> lines;
  std::vector<Target> targets;
  std::string names;
};

class Router final : public BatchRouter, public std::enable_shared_from_this<Router> {
 public:
  Router(std::shared_ptr<const RoutingTable> table, std::size_t cache_bytes)
      : table_(std::move(table)), cache_(table_, cache_bytes) {}

  [[nodiscard]] std::shared_ptr<BatchSelector> selector_for(std::uint32_t destination) override;
  [[nodiscard]] const RoutingTable& table() const override { return *table_; }

  [[nodiscard]] std::shared_ptr<const DecidedBatch> decided(const BatchPtr& batch);

 private:
  [[nodiscard]] std::shared_ptr<const DecidedBatch> decide(const BatchPtr& batch);

  const std::shared_ptr<const RoutingTable> table_;
  std::mutex mutex_;
  DecisionCache cache_;                                           // guarded by mutex_
  std::deque<std::shared_ptr<const DecidedBatch>> last_decided_;  // guarded by mutex_
};

class DestinationSelector final : public BatchSelector {
 public:
  DestinationSelector(std::shared_ptr<Router> router, std::uint32_t destination)
      : router_(std::move(router)),
        destination_(destination),
        prefix_(router_->table().options().destinations[destination].prefix) {}

  [[nodiscard]] Selected select(const BatchPtr& batch) override;

 private:
  [[nodiscard]] const Target* target_among(const Target* begin, const Target* end) const {
    const auto found = std::find_if(begin, end, [this](const Target& target) {
      return target.kind == Target::Kind::Destination && target.index == destination_;
    });
    return found == end ? nullptr : found;
  }

  const std::shared_ptr<Router> router_;
  const std::uint32_t destination_;
  const std::string prefix_;
};

/// True if each point goes to every destination as it is: nothing has to be looked at.
bool shares_nothing_out(const RoutingOptions& options) {
  return options.clusters.empty() && options.routes.empty() && options.rewrites.empty() &&
         !options.cleanse;
}

std::shared_ptr<BatchSelector> Router::selector_for(std::uint32_t destination) {
  const bool has_prefix = !table_->options().destinations[destination].prefix.empty();
  if (shares_nothing_out(table_->options()) && !has_prefix) return nullptr;
  return std::make_shared<DestinationSelector>(shared_from_this(), destination);
}

std::shared_ptr<const DecidedBatch> Router::decided(const BatchPtr& batch) {
  const std::lock_guard lock(mutex_);
  // Each reader that is behind reads a copy of its own from the disk.
  const auto found = std::ranges::find_if(last_decided_, [&](const auto& each) {
    return each->sequence == batch->range().begin.sequence && each->bytes == batch->lines().size();
  });
  if (found != last_decided_.end()) return *found;
  if (last_decided_.size() == kDecidedBatches) last_decided_.pop_front();
  return last_decided_.emplace_back(decide(batch));
}

std::shared_ptr<const DecidedBatch> Router::decide(const BatchPtr& batch) {
  auto decided = std::make_shared<DecidedBatch>();
  decided->sequence = batch->range().begin.sequence;
  decided->bytes = batch->lines().size();
  decided->lines.reserve(batch->points());
  const std::string_view text = batch->lines();
  const auto keep_name = [&](std::string_view name, std::uint32_t& begin, std::uint32_t& size) {
    begin = static_cast<std::uint32_t>(decided->names.size());
    size = static_cast<std::uint32_t>(name.size());
    decided->names += name;
  };
  for (std::size_t at = 0; at < text.size();) {
    DecidedBatch::Line line;
    line.begin = static_cast<std::uint32_t>(at);
    line.name_end = static_cast<std::uint32_t>(text.find(' ', at));
    at = text.find('\n', line.name_end) + 1;
    line.end = static_cast<std::uint32_t>(at);
    const std::string_view name = text.substr(line.begin, line.name_end - line.begin);
    const Decision decision = cache_.decide(name);
    if (decision.name != name) keep_name(decision.name, line.sent_begin, line.sent_size);
    if (decision.cleansed_name != name) {
      keep_name(decision.cleansed_name, line.cleansed_begin, line.cleansed_size);
    }
    decided->targets.insert(decided->targets.end(), decision.targets.begin(),
                            decision.targets.end());
    line.targets_end = static_cast<std::uint32_t>(decided->targets.size());
    line.dropped = decision.dropped;
    decided->lines.push_back(line);
  }
  return decided;
}

BatchSelector::Selected DestinationSelector::select(const BatchPtr& batch) {
  const std::shared_ptr<const DecidedBatch> decided = router_->decided(batch);
  const std::string_view text = batch->lines();
  Selected selected;
  std::string lines;
  std::uint64_t points = 0;
  bool as_it_is = prefix_.empty();
  std::uint32_t targets_begin = 0;
  for (const DecidedBatch::Line& line : decided->lines) {
    const Target* const target = target_among(decided->targets.data() + targets_begin,
                                              decided->targets.data() + line.targets_end);
    targets_begin = line.targets_end;
    if (target == nullptr) {
      if (line.dropped) ++selected.dropped;
      as_it_is = false;
      continue;
    }
    if (lines.empty()) lines.reserve(text.size() + text.size() / 4);
    ++points;
    const std::uint32_t renamed = target->cleansed ? line.cleansed_size : line.sent_size;
    lines += prefix_;
    if (renamed == 0) {
      lines += text.substr(line.begin, line.end - line.begin);
      continue;
    }
    as_it_is = false;
    const std::uint32_t begin = target->cleansed ? line.cleansed_begin : line.sent_begin;
    lines += std::string_view(decided->names).substr(begin, renamed);
    lines += text.substr(line.name_end, line.end - line.name_end);
  }
  if (as_it_is) {
    selected.batch = batch;
  } else if (points > 0) {
    selected.batch = chosen_from(*batch, std::move(lines), points);
  }
  return selected;
}

}  // namespace

std::shared_ptr<BatchRouter> BatchRouter::make(std::shared_ptr<const RoutingTable> table,
                                               std::size_t cache_bytes) {
  return std::make_shared<Router>(std::move(table), cache_bytes);
}

}  // namespace carbon_spool
