#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

/// A hash that a stranger cannot make collisions for: he does not know the keys.
class SeededHash {
 public:
  SeededHash() {
    std::random_device device;
    for (std::uint64_t& each : keys_) each = std::uint64_t{device()} << 32 | device();
  }

  [[nodiscard]] std::uint64_t operator()(std::string_view text) const {
    std::uint64_t state = text.size();
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) state = mix(load(at, 8), state);
    if (left > 0) state = mix(load(at, left), state);
    return mix(0, state);
  }

 private:
  static std::uint64_t load(const char* at, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, bytes);
    return word;
  }

  /// High and low half of a product, folded: every bit of the outcome depends on all.
  [[nodiscard]] std::uint64_t mix(std::uint64_t word, std::uint64_t state) const {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{word ^ keys_[0]} * (state ^ keys_[1]);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::array<std::uint64_t, 2> keys_;
};

/// Places of entries by their hash: open addressing, at most half full. What the entries are, and
/// whether one is the right one, is the owner's business.
class PlaceTable {
 public:
  static constexpr std::uint32_t kNowhere = UINT32_MAX;

  /// The place for which `is_it(place)` holds, among those of that hash.
  template <class IsIt>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsIt&& is_it) const {
    if (slots_.empty()) return kNowhere;
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.place == kNowhere) return kNowhere;
      if (slot.tag == tag_of(hash) && is_it(slot.place)) return slot.place;
    }
  }

  /// Adds one that is not there yet. `hash_at(place)` is the hash of each that is.
  template <class HashAt>
  void insert(std::uint64_t hash, std::uint32_t place, HashAt&& hash_at) {
    if (slots_.size() < (used_ + 1) * 2) {
      std::vector<Slot> old(slots_.empty() ? kLeast : slots_.size() * 2);
      old.swap(slots_);
      for (const Slot& each : old) {
        if (each.place != kNowhere) put(hash_at(each.place), each.place);
      }
    }
    put(hash, place);
    ++used_;
  }

  void clear() {
    slots_ = {};
    used_ = 0;
  }

 private:
  static constexpr std::size_t kLeast = 8;

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t place = kNowhere;
  };

  // The low bits of a hash choose the slot, the high ones are the tag.
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

  void put(std::uint64_t hash, std::uint32_t place) {
    std::size_t at = hash & mask();
    while (slots_[at].place != kNowhere) at = (at + 1) & mask();
    slots_[at] = {tag_of(hash), place};
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

/// Entries by name, in the order in which they came. An `Entry` can be made of nothing.
///
/// A name's bytes stay where they are, also of one that was removed, until `forget_removed`: views
/// of names outlive their entries that far.
template <class Entry>
class NameTable {
 public:
  struct Named {
    std::unique_ptr<char[]> bytes;
    std::size_t length = 0;
    std::uint64_t hash = 0;
    bool removed = false;
    Entry entry;

    [[nodiscard]] std::string_view name() const { return {bytes.get(), length}; }
  };

  explicit NameTable(const SeededHash& hash) : hash_(hash) {}

  [[nodiscard]] Entry* find(std::string_view name) {
    const std::uint32_t place = place_of(name, hash_(name));
    return place == PlaceTable::kNowhere ? nullptr : &all_[place].entry;
  }

  /// One that is not there yet.
  Entry& insert(std::string_view name) {
    CS_ASSERT(all_.size() < PlaceTable::kNowhere);
    Named& named = all_.emplace_back();
    named.bytes = std::make_unique_for_overwrite<char[]>(name.size());
    if (!name.empty()) std::memcpy(named.bytes.get(), name.data(), name.size());
    named.length = name.size();
    named.hash = hash_(name);
    places_.insert(named.hash, static_cast<std::uint32_t>(all_.size() - 1),
                   [this](std::uint32_t place) { return all_[place].hash; });
    return named.entry;
  }

  /// Removes each for which `is_it(named)` holds, and calls `before(named)` with it.
  template <class IsIt, class Before>
  void remove_if(IsIt&& is_it, Before&& before) {
    bool any = false;
    for (Named& each : all_) {
      if (!is_it(each)) continue;
      before(each);
      each.removed = any = true;
    }
    if (any) drop_removed();
  }

  /// Gives back the memory of names that were removed before.
  void forget_removed() { removed_names_.clear(); }

  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// Those that were removed and are not forgotten yet.
  [[nodiscard]] std::size_t removed() const { return removed_names_.size(); }
  [[nodiscard]] std::vector<Named>& all() { return all_; }
  [[nodiscard]] const std::vector<Named>& all() const { return all_; }

 private:
  [[nodiscard]] std::uint32_t place_of(std::string_view name, std::uint64_t hash) const {
    return places_.find(hash, [&](std::uint32_t place) { return all_[place].name() == name; });
  }

  void drop_removed() {
    for (Named& each : all_) {
      if (each.removed) removed_names_.push_back(std::move(each.bytes));
    }
    std::erase_if(all_, [](const Named& each) { return each.removed; });
    places_.clear();
    for (std::uint32_t place = 0; place < all_.size(); ++place) {
      places_.insert(all_[place].hash, place,
                     [this](std::uint32_t other) { return all_[other].hash; });
    }
  }

  const SeededHash& hash_;
  std::vector<Named> all_;
  PlaceTable places_;
  std::vector<std::unique_ptr<char[]>> removed_names_;
};

}  // namespace carbon_spool
