#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace carbon_spool {

/// A line cut at its blanks. Blanks are what Python's str.split() takes for such, Unicode's among
/// them; blanks at either end count for nothing.
struct LineFields {
  static constexpr std::size_t kMost = 3;

  bool well_encoded =
      false;              ///< UTF-8 without control characters of ASCII; else nothing else is set
  std::size_t count = 0;  ///< may be more than kMost
  std::array<std::string_view, kMost> field;  ///< the first of them
};

[[nodiscard]] LineFields split_fields(std::string_view line);

}  // namespace carbon_spool
