#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace carbon_spool {

// Numbers as a program in JavaScript reads and writes them: StatsD's, whose output ours equals to
// the last digit. Source: ECMAScript 2023, sections 7.1.4.1 (StringToNumber), 6.1.6.1.20
// (Number::toString) and 22.1.3.32.1 (what is a blank).

/// `Number(text)`: decimal, with or without exponent; `Infinity`; hexadecimal (`0x10`), octal
/// (`0o7`), binary (`0b1`); blanks around it count for nothing, and blanks alone are 0, as is the
/// empty text. None where JavaScript says NaN. Bytes that are not UTF-8 are in no number.
[[nodiscard]] std::optional<double> javascript_number(std::string_view text);

/// Room for every number's text.
using NumberRoom = std::array<char, 32>;

/// The text of a number, a view into `room`: the shortest that reads back to the same; whole
/// numbers below 1e21 without exponent or point; `Infinity`, `NaN`; 0 for negative zero.
[[nodiscard]] std::string_view javascript_text(double value, NumberRoom& room);

/// Bytes of the blank in front of `text`; 0 if there is none. Unicode's are blanks as well.
[[nodiscard]] std::size_t javascript_blank(std::string_view text);

/// The text without the blanks at its ends.
[[nodiscard]] std::string_view javascript_trim(std::string_view text);

/// Half a one is rounded up, also below zero: `Math.round`.
[[nodiscard]] double javascript_round(double value);

}  // namespace carbon_spool
