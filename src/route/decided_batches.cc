#include "decided_batches.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace carbon_spool {
namespace {

constexpr std::size_t kDecidedBatches = 16;

}  // namespace

DecidedBatches::DecidedBatches(std::shared_ptr<const RoutingTable> table, std::size_t cache_bytes,
                               std::vector<ClusterMember> left_out)
    : cache_(std::move(table), cache_bytes) {
  cache_.leave_out(std::move(left_out));
}

std::shared_ptr<const DecidedBatch> DecidedBatches::decided(const BatchPtr& batch) {
  const std::lock_guard lock(mutex_);
  // Each reader that is behind reads a copy of its own from the disk.
  const auto found =
      std::ranges::find_if(last_, [&](const auto& each) { return each->is_of(*batch); });
  if (found != last_.end()) return *found;
  if (last_.size() == kDecidedBatches) last_.pop_front();
  return last_.emplace_back(decide(batch));
}

std::shared_ptr<const DecidedBatch> DecidedBatches::decided_aside(const BatchPtr& batch) {
  const std::lock_guard lock(mutex_);
  if (!aside_ || !aside_->is_of(*batch)) aside_ = decide(batch);
  return aside_;
}

std::shared_ptr<const DecidedBatch> DecidedBatches::decide(const BatchPtr& batch) {
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
    line.targets_begin = static_cast<std::uint32_t>(decided->targets.size());
    decided->targets.insert(decided->targets.end(), decision.targets.begin(),
                            decision.targets.end());
    line.targets_end = static_cast<std::uint32_t>(decided->targets.size());
    line.dropped = decision.dropped;
    decided->lines.push_back(line);
  }
  return decided;
}

}  // namespace carbon_spool
