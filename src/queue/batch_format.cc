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

bool is_shrunk(std::string_view stored) {
  return static_cast<std::uint8_t>(stored[0]) == kShrunkBatchFormat;
}

/// What the headers of both formats have in common.
void store_header(char* at, std::uint8_t format, std::uint32_t points, const Mark& begin,
                  std::int64_t accepted_at, std::uint32_t oldest, std::uint32_t newest) {
  std::memset(at, 0, kBatchHeaderBytes);
  store_little_endian(at, format);
  store_little_endian(at + 4, points);
  store_little_endian(at + 8, begin.sequence.value);
  store_little_endian(at + 16, begin.points);
  store_little_endian(at + 24, begin.bytes);
  store_little_endian(at + 32, accepted_at);
  store_little_endian(at + 40, oldest);
  store_little_endian(at + 44, newest);
}

class StoredBatch final : public Batch {
 public:
  StoredBatch(std::unique_ptr<char[]> buffer, std::size_t size)
      : buffer_(std::move(buffer)), size_(size) {
    const char* at = buffer_.get();
    points_ = load_little_endian<std::uint32_t>(at + 4);
    std::uint64_t accepted_points = points_;
    std::uint64_t accepted_bytes = size_ - kBatchHeaderBytes;
    if (is_shrunk({at, size_})) {
      lines_ = {at + kShrunkBatchHeaderBytes, size_ - kShrunkBatchHeaderBytes};
      accepted_points = load_little_endian<std::uint32_t>(at + 48);
      accepted_bytes = load_little_endian<std::uint32_t>(at + 52);
      dropped_by_routes_ = load_little_endian<std::uint32_t>(at + 56);
    } else {
      lines_ = {at + kBatchHeaderBytes, size_ - kBatchHeaderBytes};
    }
    range_.begin = {Sequence{load_little_endian<std::uint64_t>(at + 8)},
                    load_little_endian<std::uint64_t>(at + 16),
                    load_little_endian<std::uint64_t>(at + 24)};
    range_.end = {range_.begin.sequence.next(), range_.begin.points + accepted_points,
                  range_.begin.bytes + accepted_bytes};
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

std::map<std::string, std::string> BatchEncoder::take_notes(BatchBuilder& builder) {
  return std::exchange(builder.notes_, {});
}

BatchPtr BatchEncoder::finish(BatchBuilder builder, const Mark& begin, std::int64_t accepted_at) {
  char* at = builder.buffer_.get();
  store_header(at, kBatchFormat, builder.points_, begin, accepted_at, builder.oldest_timestamp_,
               builder.newest_timestamp_);
  const std::size_t size = kBatchHeaderBytes + builder.bytes_;
  if (builder.bytes_ < kWorthItsBuffer) return copy_of(at, size);
  return std::make_shared<StoredBatch>(std::move(builder.buffer_), size);
}

std::string_view stored_bytes(const Batch& batch) {
  const auto* stored = dynamic_cast<const StoredBatch*>(&batch);
  CS_ASSERT(stored != nullptr);
  return stored->stored();
}

std::string encode_shrunk(const Batch& batch, std::string_view lines, std::uint64_t points,
                          std::uint64_t dropped) {
  const Range& range = batch.range();
  std::string stored(kShrunkBatchHeaderBytes, '\0');
  char* at = stored.data();
  store_header(at, kShrunkBatchFormat, static_cast<std::uint32_t>(points), range.begin,
               batch.accepted_at(), batch.oldest_timestamp(), batch.newest_timestamp());
  store_little_endian(at + 48, static_cast<std::uint32_t>(range.points()));
  store_little_endian(at + 52, static_cast<std::uint32_t>(range.bytes()));
  store_little_endian(at + 56, static_cast<std::uint32_t>(dropped));
  stored += lines;
  return stored;
}

Result<BatchPtr> decode_batch(Sequence sequence, std::string_view stored) {
  const auto broken = [&](const char* what) {
    return Error{"batch " + std::to_string(sequence.value) + ": " + what};
  };
  if (stored.size() < kBatchHeaderBytes) return broken("too short");
  if (is_shrunk(stored)) {
    if (stored.size() < kShrunkBatchHeaderBytes) return broken("too short");
  } else if (static_cast<std::uint8_t>(stored[0]) != kBatchFormat) {
    return broken("unknown format");
  }
  if (load_little_endian<std::uint64_t>(stored.data() + 8) != sequence.value) {
    return broken("belongs to another sequence");
  }
  return copy_of(stored.data(), stored.size());
}

}  // namespace carbon_spool
