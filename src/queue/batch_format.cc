#include "batch_format.h"

#include <cstring>
#include <string>
#include <utility>

#include "carbon_spool/base/assert.h"

#include "little_endian.h"

namespace carbon_spool {
namespace {

/// Lines shorter than this leave most of a builder's buffer empty; such a batch is kept in a buffer
/// of its own size, or a trickle would pin 64 KiB for each point.
constexpr std::size_t kWorthItsBuffer = kMaxBatchBytes / 2;

class StoredBatch final : public Batch {
 public:
  StoredBatch(std::unique_ptr<char[]> buffer, std::size_t size)
      : buffer_(std::move(buffer)), size_(size) {
    const char* at = buffer_.get();
    const std::uint32_t points = load_little_endian<std::uint32_t>(at + 4);
    lines_ = {at + kBatchHeaderBytes, size_ - kBatchHeaderBytes};
    range_.begin = {Sequence{load_little_endian<std::uint64_t>(at + 8)},
                    load_little_endian<std::uint64_t>(at + 16),
                    load_little_endian<std::uint64_t>(at + 24)};
    points_ = points;
    range_.end = {range_.begin.sequence.next(), range_.begin.points + points,
                  range_.begin.bytes + lines_.size()};
    accepted_at_ = load_little_endian<std::int64_t>(at + 32);
    oldest_timestamp_ = load_little_endian<std::uint32_t>(at + 40);
    newest_timestamp_ = load_little_endian<std::uint32_t>(at + 44);
  }

  [[nodiscard]] std::string_view stored() const { return {buffer_.get(), size_}; }

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t size_;
};

BatchPtr copy_of(const char* bytes, std::size_t size) {
  std::unique_ptr<char[]> buffer(new char[size]);
  std::memcpy(buffer.get(), bytes, size);
  return std::make_shared<StoredBatch>(std::move(buffer), size);
}

}  // namespace

bool BatchEncoder::join(BatchBuilder& to, const BatchBuilder& from) {
  if (to.bytes_ + from.bytes_ > kMaxBatchBytes) return false;
  std::memcpy(to.room().data(), from.buffer_.get() + kBatchHeaderBytes, from.bytes_);
  to.bytes_ += from.bytes_;
  to.points_ += from.points_;
  to.oldest_timestamp_ = std::min(to.oldest_timestamp_, from.oldest_timestamp_);
  to.newest_timestamp_ = std::max(to.newest_timestamp_, from.newest_timestamp_);
  to.shares_.insert(to.shares_.end(), from.shares_.begin(), from.shares_.end());
  return true;
}

std::vector<ProducerShare> BatchEncoder::shares(const BatchBuilder& builder) {
  std::vector<ProducerShare> shares;
  for (const auto& share : builder.shares_) shares.push_back({share.from, share.points});
  return shares;
}

BatchPtr BatchEncoder::finish(BatchBuilder builder, const Mark& begin, std::int64_t accepted_at) {
  char* at = builder.buffer_.get();
  std::memset(at, 0, kBatchHeaderBytes);
  store_little_endian(at, kBatchFormat);
  store_little_endian(at + 4, builder.points_);
  store_little_endian(at + 8, begin.sequence.value);
  store_little_endian(at + 16, begin.points);
  store_little_endian(at + 24, begin.bytes);
  store_little_endian(at + 32, accepted_at);
  store_little_endian(at + 40, builder.oldest_timestamp_);
  store_little_endian(at + 44, builder.newest_timestamp_);
  const std::size_t size = kBatchHeaderBytes + builder.bytes_;
  if (builder.bytes_ < kWorthItsBuffer) return copy_of(at, size);
  return std::make_shared<StoredBatch>(std::move(builder.buffer_), size);
}

std::string_view stored_bytes(const Batch& batch) {
  const auto* stored = dynamic_cast<const StoredBatch*>(&batch);
  CS_ASSERT(stored != nullptr);
  return stored->stored();
}

Result<BatchPtr> decode_batch(Sequence sequence, std::string_view stored) {
  const auto broken = [&](const char* what) {
    return Error{"batch " + std::to_string(sequence.value) + ": " + what};
  };
  if (stored.size() < kBatchHeaderBytes) return broken("too short");
  if (static_cast<std::uint8_t>(stored[0]) != kBatchFormat) return broken("unknown format");
  if (load_little_endian<std::uint64_t>(stored.data() + 8) != sequence.value) {
    return broken("belongs to another sequence");
  }
  return copy_of(stored.data(), stored.size());
}

}  // namespace carbon_spool
