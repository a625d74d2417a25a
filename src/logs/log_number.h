#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carbon_spool {

/// The number as Python writes it: the shortest text that reads back to the same, with `.0` behind
/// a whole one and an exponent below 0.0001 and from 1e16 (source: Python 3, `float.__repr__`). Of
/// a finite one.
[[nodiscard]] std::string python_text(double number);

/// What a line may call a value, at most and at least: sums and rates of such numbers are finite.
inline constexpr double kLargestLogNumber = 1e100;

/// A decimal number, with or without sign, fraction and exponent, and nothing around it. None if it
/// is beyond `kLargestLogNumber`.
[[nodiscard]] std::optional<double> number_in(std::string_view text);

}  // namespace carbon_spool
