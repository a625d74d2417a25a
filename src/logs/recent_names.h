#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "saved_fields.h"

namespace carbon_spool {

/// A `T` for each name that lines have mentioned, of a bounded number of names. When all places are
/// taken, those that have not been mentioned for longest give theirs up; never those of this
/// interval.
template <class T>
class RecentNames {
 public:
  struct Entry {
    T value;
    std::uint64_t mentioned = 0;  ///< the interval of the last time
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  explicit RecentNames(std::size_t most) : most_(most) {}

  /// The name's own, made for it if need be. Null: all places are taken by names of this interval.
  [[nodiscard]] T* mention(std::string_view name) {
    auto found = entries_.find(name);
    if (found == entries_.end()) {
      if (entries_.size() >= most_ && !forget_idle()) return nullptr;
      found = entries_.emplace(std::string(name), Entry{}).first;
    }
    found->second.mentioned = interval_;
    return &found->second.value;
  }

  /// An eighth of the names, or as many as were not mentioned in this interval. False: there are
  /// none.
  bool forget_idle() {
    if (none_idle_) return false;
    std::vector<std::uint64_t> idle;
    for (const auto& [name, entry] : entries_) {
      if (entry.mentioned < interval_) idle.push_back(entry.mentioned);
    }
    none_idle_ = idle.empty();
    if (none_idle_) return false;
    const auto last =
        idle.begin() + static_cast<std::ptrdiff_t>(std::min(idle.size() - 1, entries_.size() / 8));
    std::ranges::nth_element(idle, last);
    const std::uint64_t limit = *last;
    std::erase_if(entries_, [limit](const auto& each) { return each.second.mentioned <= limit; });
    return true;
  }

  void next_interval() {
    ++interval_;
    none_idle_ = false;
  }

  [[nodiscard]] Entries& all() { return entries_; }
  [[nodiscard]] const Entries& all() const { return entries_; }

  /// `write(value)` writes what belongs to a name.
  template <class Write>
  void save(SavedWriter& to, Write write) const {
    to.whole(entries_.size());
    for (const auto& [name, entry] : entries_) {
      to.text(name);
      to.whole(interval_ - entry.mentioned);
      write(entry.value);
    }
  }

  /// Into one that is empty. `read(value)` reads what `write` wrote.
  template <class Read>
  void restore(SavedReader& from, Read read) {
    constexpr std::uint64_t kLongAgo = std::uint64_t{1} << 32;
    interval_ = kLongAgo;
    for (std::uint64_t left = from.count(); left > 0; --left) {
      Entry entry;
      const std::string_view name = from.text();
      entry.mentioned = kLongAgo - std::min(from.whole(), kLongAgo);
      read(entry.value);
      if (entries_.size() < most_) entries_.emplace(std::string(name), std::move(entry));
    }
  }

 private:
  std::size_t most_;
  Entries entries_;
  std::uint64_t interval_ = 0;
  bool none_idle_ = false;  ///< found so since the interval began
};

}  // namespace carbon_spool
