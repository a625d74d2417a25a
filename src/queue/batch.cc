#include "carbon_spool/queue/batch.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/base/assert.h"

#include "batch_format.h"

namespace carbon_spool {

BatchBuilder::BatchBuilder() : buffer_(new char[kBatchHeaderBytes + kMaxBatchBytes]) {}

std::span<char> BatchBuilder::room() {
  return {buffer_.get() + kBatchHeaderBytes + bytes_, kMaxBatchBytes - bytes_};
}

std::string_view BatchBuilder::lines() const {
  return {buffer_.get() + kBatchHeaderBytes, bytes_};
}

void BatchBuilder::commit(ProducerId from, std::size_t bytes, std::uint32_t points,
                          std::uint32_t oldest_timestamp, std::uint32_t newest_timestamp) {
  CS_ASSERT(bytes <= kMaxBatchBytes - bytes_);
  if (points == 0) return;
  bytes_ += bytes;
  points_ += points;
  oldest_timestamp_ = std::min(oldest_timestamp_, oldest_timestamp);
  newest_timestamp_ = std::max(newest_timestamp_, newest_timestamp);
  const auto share = std::find_if(shares_.begin(), shares_.end(),
                                  [&](const Share& each) { return each.from.index == from.index; });
  if (share == shares_.end()) {
    shares_.push_back({from, points});
  } else {
    share->points += points;
  }
}

void BatchBuilder::add_note(std::string key, std::string text) {
  notes_.insert_or_assign(std::move(key), std::move(text));
}

}  // namespace carbon_spool
