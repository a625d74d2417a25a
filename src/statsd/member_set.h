#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "name_table.h"

namespace carbon_spool {

/// Distinct texts, in the order in which they came.
class MemberSet {
 public:
  /// False: it was in already.
  bool insert(std::string_view member, const SeededHash& hash) {
    const std::uint64_t value = hash(member);
    const std::uint32_t found =
        places_.find(value, [&](std::uint32_t place) { return at(place) == member; });
    if (found != PlaceTable::kNowhere) return false;
    bytes_ += member;
    ends_.push_back({bytes_.size(), value});
    places_.insert(value, static_cast<std::uint32_t>(ends_.size() - 1),
                   [this](std::uint32_t place) { return ends_[place].hash; });
    return true;
  }

  void clear() { *this = {}; }

  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::string_view at(std::size_t place) const {
    const std::size_t begin = place == 0 ? 0 : ends_[place - 1].end;
    return std::string_view(bytes_).substr(begin, ends_[place].end - begin);
  }

 private:
  struct Member {
    std::size_t end;  ///< in `bytes_`
    std::uint64_t hash;
  };

  std::string bytes_;
  std::vector<Member> ends_;
  PlaceTable places_;
};

}  // namespace carbon_spool
