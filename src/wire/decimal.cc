#include "decimal.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace carbon_spool {
namespace {

/// Half a unit beyond the greatest double, 2^1024 - 2^970: the least number that rounds to infinity
/// (to even, as the tie goes up).
constexpr std::string_view kOverflow =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475"
    "09466490179775872070963302864166928879109465555478519404026306574886715058206819"
    "08902000708383676273854845817711531764475730270069855571366959622842914819860834"
    "936475292719074168444365510704342711559699508093042880177904174497792";
constexpr std::int64_t kOverflowPower = 308;
static_assert(kOverflow.size() == kOverflowPower + 1);

/// Beyond what any line has digits to make up for.
constexpr std::int64_t kMaxExponent = 1'000'000;

struct Decimal {
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;

  [[nodiscard]] std::size_t size() const { return whole.size() + fraction.size(); }
  [[nodiscard]] char digit(std::size_t index) const {
    return index < whole.size() ? whole[index] : fraction[index - whole.size()];
  }
};

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/// Cuts the digits off the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto digits_end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(digits_end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// Cuts a sign off the front of `text`; true if it is a minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  take_sign(text);
  decimal.whole = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    decimal.fraction = take_digits(text);
  }
  if (decimal.size() == 0) return std::nullopt;
  if (text.empty()) return decimal;

  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool negative = take_sign(text);
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  for (const char digit : digits) {
    decimal.exponent = std::min(decimal.exponent * 10 + (digit - '0'), kMaxExponent);
  }
  if (negative) decimal.exponent = -decimal.exponent;
  return decimal;
}

bool overflows(const Decimal& decimal) {
  const auto whole_size = static_cast<std::int64_t>(decimal.whole.size());
  if (whole_size + decimal.exponent <= kOverflowPower) return false;

  std::size_t first = 0;  // the first digit that counts
  while (first < decimal.size() && decimal.digit(first) == '0') ++first;
  if (first == decimal.size()) return false;

  const auto power = whole_size - 1 - static_cast<std::int64_t>(first) + decimal.exponent;
  if (power != kOverflowPower) return power > kOverflowPower;
  for (std::size_t i = 0; i < kOverflow.size(); ++i) {
    const char digit = first + i < decimal.size() ? decimal.digit(first + i) : '0';
    if (digit != kOverflow[i]) return digit > kOverflow[i];
  }
  return true;
}

}  // namespace

bool is_finite_decimal(std::string_view text) {
  const std::optional<Decimal> decimal = read_decimal(text);
  return decimal && !overflows(*decimal);
}

std::optional<double> decimal_to_double(std::string_view text) {
  if (!read_decimal(text)) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);  // from_chars takes no plus
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace carbon_spool
