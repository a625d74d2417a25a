#include "carbon_spool/route/decision_cache.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <tuple>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

/// Records in a ring of bytes, found through a table of buckets.
///
/// The ring is filled from `head_`; what is at `tail_` makes room. A record that was asked for
/// since it was written, or since it last came by, moves to the head instead: so the ring is in
/// order of use, roughly, and nothing is linked.
///
/// The table has buckets of eight, one cache line each, and a record is in the bucket that its hash
/// names or nowhere: a full bucket gives up one of its own. Nobody's names can make a look-up long.
class DecisionCache::Store {
 public:
  explicit Store(std::size_t max_bytes)
      : bucket_count_(buckets_for(max_bytes)),
        // Zeroed pages that nothing has touched take no memory: a vector would touch them all.
        buckets_(static_cast<Bucket*>(std::calloc(bucket_count_, sizeof(Bucket)))),
        capacity_((max_bytes - bucket_count_ * sizeof(Bucket)) / kUnit * kUnit),
        ring_(static_cast<std::byte*>(std::malloc(capacity_))) {
    CS_ASSERT(buckets_ && ring_);
  }

  std::optional<Decision> find(std::string_view name) {
    const std::uint64_t hash = hash_of(name);
    for (const Slot& slot : bucket_of(hash)) {
      if (slot.tag != tag_of(hash) || slot.place == 0) continue;
      Record* record = record_at(slot.place);
      if (record->key() != name) continue;
      record->used = true;
      return record->decision(name);
    }
    return std::nullopt;
  }

  /// Takes a decision in that is not in yet. One that would take a good part of the store is not
  /// worth it.
  void insert(std::string_view name, const Decision& decision) {
    const std::size_t bytes = Record::bytes_for(name, decision);
    if (bytes > capacity_ / 16) return;
    const std::uint64_t hash = hash_of(name);
    Record* record = make_room(bytes);
    record->write(name, decision, hash, bytes);
    head_ += bytes;
    Slot& slot = slot_for(hash);
    slot = {tag_of(hash), place_of(record)};
    ++records_;
  }

  void clear() {
    for (std::size_t i = 0; i < bucket_count_; ++i) buckets_[i] = {};
    head_ = tail_ = end_ = records_ = 0;
    wrapped_ = false;
  }

  [[nodiscard]] std::size_t records() const { return records_; }

 private:
  /// What records are aligned to, and what a place counts.
  static constexpr std::size_t kUnit = 8;
  /// How many records may move to the head before one has to go all the same: a bound on what one
  /// insertion costs when everything was in use.
  static constexpr int kSecondChances = 16;

  struct Record {
    std::uint64_t hash = 0;
    std::uint32_t bytes = 0;  ///< of the record, with all that follows it
    std::uint16_t key_bytes = 0;
    std::uint16_t target_count = 0;
    std::uint16_t name_bytes = 0;      ///< 0: the key
    std::uint16_t cleansed_bytes = 0;  ///< 0: as the name
    bool dropped = false;
    bool used = false;

    // Then the targets, the key, the name, the cleansed name.

    [[nodiscard]] static bool fits(std::string_view key, const Decision& decision) {
      constexpr std::size_t kMost = UINT16_MAX;
      return key.size() <= kMost && decision.name.size() <= kMost &&
             decision.cleansed_name.size() <= kMost && decision.targets.size() <= kMost;
    }

    [[nodiscard]] static std::size_t bytes_for(std::string_view key, const Decision& decision) {
      if (!fits(key, decision)) return SIZE_MAX;
      std::size_t bytes = sizeof(Record) + decision.targets.size_bytes() + key.size();
      if (decision.name != key) bytes += decision.name.size();
      if (decision.cleansed_name != decision.name) bytes += decision.cleansed_name.size();
      return (bytes + kUnit - 1) / kUnit * kUnit;
    }

    void write(std::string_view key, const Decision& decision, std::uint64_t its_hash,
               std::size_t its_bytes) {
      *this = {};
      hash = its_hash;
      bytes = static_cast<std::uint32_t>(its_bytes);
      dropped = decision.dropped;
      target_count = static_cast<std::uint16_t>(decision.targets.size());
      std::copy(decision.targets.begin(), decision.targets.end(), targets());
      char* at = text();
      const auto put = [&at](std::string_view part) {
        at = std::copy(part.begin(), part.end(), at);
        return static_cast<std::uint16_t>(part.size());
      };
      key_bytes = put(key);
      if (decision.name != key) name_bytes = put(decision.name);
      if (decision.cleansed_name != decision.name) cleansed_bytes = put(decision.cleansed_name);
    }

    [[nodiscard]] Target* targets() { return reinterpret_cast<Target*>(this + 1); }
    [[nodiscard]] char* text() { return reinterpret_cast<char*>(targets() + target_count); }
    [[nodiscard]] std::string_view key() { return {text(), key_bytes}; }

    [[nodiscard]] Decision decision(std::string_view asked) {
      Decision decision;
      decision.name = name_bytes ? std::string_view{text() + key_bytes, name_bytes} : asked;
      decision.cleansed_name =
          cleansed_bytes ? std::string_view{text() + key_bytes + name_bytes, cleansed_bytes}
                         : decision.name;
      decision.targets = {targets(), target_count};
      decision.dropped = dropped;
      return decision;
    }
  };
  static_assert(sizeof(Record) % alignof(Target) == 0 && alignof(Record) <= kUnit);

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t place = 0;  ///< of its record in the ring, in units, from 1; 0: none
  };
  using Bucket = std::array<Slot, 8>;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  /// An eighth of all bytes: one slot for 64 bytes, while a record with its name takes about 100,
  /// so that a bucket is seldom full.
  static std::size_t buckets_for(std::size_t max_bytes) {
    std::size_t count = 1;
    while (count * 2 * sizeof(Bucket) <= max_bytes / 8) count *= 2;
    return count;
  }

  static std::uint64_t hash_of(std::string_view name) {
    return std::hash<std::string_view>()(name);
  }
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  Bucket& bucket_of(std::uint64_t hash) { return buckets_[hash & (bucket_count_ - 1)]; }

  [[nodiscard]] Record* record_at(std::uint32_t place) {
    return reinterpret_cast<Record*>(ring_.get() + (place - 1) * kUnit);
  }
  [[nodiscard]] std::uint32_t place_of(const Record* record) const {
    const auto* bytes = reinterpret_cast<const std::byte*>(record);
    return static_cast<std::uint32_t>(static_cast<std::size_t>(bytes - ring_.get()) / kUnit + 1);
  }

  Slot* slot_of(const Record* record) {
    const std::uint32_t place = place_of(record);
    for (Slot& slot : bucket_of(record->hash)) {
      if (slot.place == place) return &slot;
    }
    return nullptr;
  }

  /// A slot for a new record: a free one, or that of a record nobody asked for, or the one whose
  /// turn it is.
  Slot& slot_for(std::uint64_t hash) {
    Bucket& bucket = bucket_of(hash);
    for (Slot& slot : bucket) {
      if (slot.place == 0) return slot;
    }
    --records_;
    for (Slot& slot : bucket) {
      if (!record_at(slot.place)->used) return slot;
    }
    return bucket[records_ % bucket.size()];
  }

  /// Room for a record at the head, in one piece.
  Record* make_room(std::size_t bytes) {
    int chances = kSecondChances;
    while (true) {
      if (!wrapped_) {
        if (capacity_ - head_ >= bytes) break;
        end_ = head_;
        head_ = 0;
        wrapped_ = true;
      }
      if (tail_ - head_ >= bytes) break;
      let_go(chances);
    }
    return reinterpret_cast<Record*>(ring_.get() + head_);
  }

  /// Takes the record at the tail out, to the head or for good.
  void let_go(int& chances) {
    auto* record = reinterpret_cast<Record*>(ring_.get() + tail_);
    const std::size_t bytes = record->bytes;
    Slot* slot = slot_of(record);
    tail_ += bytes;
    if (tail_ == end_) {
      tail_ = 0;
      wrapped_ = false;
    }
    if (slot == nullptr) return;
    if (record->used && chances > 0) {
      --chances;
      // Free is at least what it just left.
      std::byte* to = ring_.get() + head_;
      std::memmove(to, record, bytes);
      auto* moved = reinterpret_cast<Record*>(to);
      moved->used = false;
      slot->place = place_of(moved);
      head_ += bytes;
    } else {
      *slot = {};
      --records_;
    }
  }

  std::size_t bucket_count_;
  std::unique_ptr<Bucket[], Free> buckets_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[], Free> ring_;
  // In use is from tail to head; wrapped: from tail to end, and from 0 to head.
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t end_ = 0;
  bool wrapped_ = false;
  std::size_t records_ = 0;
};

DecisionCache::DecisionCache(std::shared_ptr<const RoutingTable> table, std::size_t max_bytes)
    : table_(std::move(table)),
      store_(std::make_unique<Store>(std::clamp(max_bytes, kMinBytes, kMaxBytes))) {}

DecisionCache::~DecisionCache() = default;

Decision DecisionCache::decide(std::string_view name) {
  if (const std::optional<Decision> known = store_->find(name)) {
    ++hits_;
    return *known;
  }
  ++misses_;
  const Decision decision = table_->decide(name, scratch_, left_out_);
  store_->insert(name, decision);
  return decision;
}

void DecisionCache::leave_out(std::vector<ClusterMember> members) {
  const auto place = [](const ClusterMember& member) {
    return std::tuple(member.cluster, member.destination);
  };
  std::sort(members.begin(), members.end(),
            [&](const ClusterMember& a, const ClusterMember& b) { return place(a) < place(b); });
  if (members == left_out_) return;
  left_out_ = std::move(members);
  store_->clear();
}

std::size_t DecisionCache::series() const {
  return store_->records();
}

}  // namespace carbon_spool
