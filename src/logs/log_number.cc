#include "log_number.h"

#include <array>
#include <charconv>
#include <cmath>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

std::string python_text(double number) {
  CS_ASSERT(std::isfinite(number));
  std::array<char, 64> room{};
  const double size = std::abs(number);
  const bool in_full = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = in_full ? std::chars_format::fixed : std::chars_format::scientific;
  const auto written = std::to_chars(room.data(), room.data() + room.size(), number, format);
  std::string text(room.data(), written.ptr);
  if (in_full && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool read = failure == std::errc() && end == text.data() + text.size();
  // "inf" and "nan" are numbers to from_chars.
  const bool fits = read && std::abs(number) <= kLargestLogNumber;
  return fits ? std::optional(number) : std::nullopt;
}

}  // namespace carbon_spool
