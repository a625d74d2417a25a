#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carbon_spool {

/// What a parser makes of texts is bounded: a name that is longer is no metric's.
inline constexpr std::size_t kLongestLogName = 512;

/// Text of a line as one element of a metric's path: what is not `A-Z a-z 0-9 _ -` becomes `_`, and
/// so does an empty text.
[[nodiscard]] inline std::string name_part(std::string_view text) {
  if (text.empty()) return "_";
  std::string part(text);
  for (char& each : part) {
    const bool plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                       (each >= '0' && each <= '9') || each == '_' || each == '-';
    if (!plain) each = '_';
  }
  return part;
}

}  // namespace carbon_spool
