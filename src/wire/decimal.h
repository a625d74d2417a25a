#pragma once

#include <optional>
#include <string_view>

namespace carbon_spool {

// The numbers that are taken: what Python's float() takes, written with the ten ASCII digits.
// [+-] digits [. digits] [e [+-] digits], with at least one digit before or after the point.
// No hexadecimal ones, no "inf", no "nan", no "_" between digits.

/// Whether the text is such a number and does not overflow to infinity as a double. Decided on the
/// digits themselves, exactly, whatever their count.
[[nodiscard]] bool is_finite_decimal(std::string_view text);

/// The double that such a number stands for. None also if it overflows or underflows.
[[nodiscard]] std::optional<double> decimal_to_double(std::string_view text);

}  // namespace carbon_spool
