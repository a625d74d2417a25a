#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carbon_spool {

/// Room for any number that these make.
using NumberText = std::array<char, 400>;

/// The shortest decimal that reads back as the same double; whole numbers below 10^15 in full, as
/// 1000000 rather than 1e+06. Of a finite one.
[[nodiscard]] std::string_view to_text(double number, NumberText& text);
[[nodiscard]] std::string_view to_text(std::int64_t number, NumberText& text);

/// A whole number of any size in two's complement, little-endian, in full. Empty: it is beyond what
/// a double can hold.
[[nodiscard]] std::string_view big_number_to_text(std::string_view bytes, NumberText& text);

}  // namespace carbon_spool
