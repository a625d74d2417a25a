#include "carbon_spool/wire/javascript_number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/// The value of a digit in bases up to 16; 16 for what is none.
unsigned digit_value(char byte) {
  if (is_digit(byte)) return static_cast<unsigned>(byte - '0');
  if (byte >= 'a' && byte <= 'f') return static_cast<unsigned>(byte - 'a') + 10;
  if (byte >= 'A' && byte <= 'F') return static_cast<unsigned>(byte - 'A') + 10;
  return 16;
}

/// Digits of a base that is a power of two, of any count, rounded to the nearest double.
std::optional<double> power_of_two_number(std::string_view digits, unsigned bits_per_digit) {
  if (digits.empty()) return std::nullopt;
  constexpr std::uint64_t kFull = std::uint64_t{1} << 59;  // a digit still fits above
  std::uint64_t front = 0;
  int left_out_bits = 0;
  bool any_left_out = false;
  for (const char each : digits) {
    const unsigned value = digit_value(each);
    if (value >> bits_per_digit != 0) return std::nullopt;
    if (front < kFull) {
      front = front << bits_per_digit | value;
    } else {
      // Beyond the exponent of any double it does not matter how far.
      if (left_out_bits < 4096) left_out_bits += static_cast<int>(bits_per_digit);
      any_left_out = any_left_out || value != 0;
    }
  }
  // The lowest bit is far below what is rounded, so it may stand for all that was left out.
  if (any_left_out) front |= 1;
  return std::ldexp(static_cast<double>(front), left_out_bits);
}

/// Of a text that is a decimal number and stands for one that is 0 or infinite as a double: which.
double beyond_double(std::string_view digits) {
  // The exponent that the number has by its digits alone, and the one that is written behind it.
  const std::size_t e = digits.find_first_of("eE");
  const std::string_view mantissa = digits.substr(0, e);
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return 0;
  std::size_t point = mantissa.find('.');
  if (point == std::string_view::npos) point = mantissa.size();
  double exponent = static_cast<double>(point) - static_cast<double>(first);
  if (e != std::string_view::npos) {
    std::string_view text = digits.substr(e + 1);
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    double written = 0;
    for (const char each : text) written = written * 10 + (each - '0');
    exponent += negative ? -written : written;
  }
  return exponent > 0 ? kInfinity : 0;
}

/// [+-] digits [. digits] [e [+-] digits], or Infinity.
std::optional<double> decimal_number(std::string_view text) {
  const bool negative = text.front() == '-';
  const std::string_view digits = negative || text.front() == '+' ? text.substr(1) : text;
  const auto with_sign = [negative](double value) { return negative ? -value : value; };
  if (digits == "Infinity") return with_sign(kInfinity);
  // from_chars would take "inf", "nan" and a second sign.
  if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.')) return std::nullopt;
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, failure] = std::from_chars(digits.data(), end, value);
  if (failure == std::errc::invalid_argument || stopped != end) return std::nullopt;
  if (failure == std::errc::result_out_of_range) value = beyond_double(digits);
  return with_sign(value);
}

/// Digits and exponent to text, as JavaScript lays it out: `digits` times ten to the power of
/// `exponent`, with the point behind the first digit.
char* lay_out(std::string_view digits, int exponent, char* to) {
  const int count = static_cast<int>(digits.size());
  const auto copy = [&to](std::string_view text) { to += text.copy(to, text.size()); };
  const auto zeros = [&to](int how_many) {
    for (int i = 0; i < how_many; ++i) *to++ = '0';
  };
  if (exponent >= 0 && exponent < 21) {
    const int whole = exponent + 1;
    if (count <= whole) {
      copy(digits);
      zeros(whole - count);
      return to;
    }
    copy(digits.substr(0, static_cast<std::size_t>(whole)));
    *to++ = '.';
    copy(digits.substr(static_cast<std::size_t>(whole)));
    return to;
  }
  if (exponent < 0 && exponent >= -6) {
    copy("0.");
    zeros(-exponent - 1);
    copy(digits);
    return to;
  }
  copy(digits.substr(0, 1));
  if (count > 1) {
    *to++ = '.';
    copy(digits.substr(1));
  }
  *to++ = 'e';
  *to++ = exponent < 0 ? '-' : '+';
  return std::to_chars(to, to + 4, std::abs(exponent)).ptr;
}

}  // namespace

std::optional<double> javascript_number(std::string_view text) {
  // What nearly all are: a few digits.
  if (!text.empty() && text.size() <= 15) {
    std::uint64_t whole = 0;
    std::size_t at = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      whole = whole * 10 + static_cast<std::uint64_t>(text[at] - '0');
    }
    if (at == text.size()) return static_cast<double>(whole);
  }
  text = javascript_trim(text);
  if (text.empty()) return 0;
  if (text.size() > 1 && text[0] == '0') {
    switch (text[1]) {
      case 'x':
      case 'X':
        return power_of_two_number(text.substr(2), 4);
      case 'o':
      case 'O':
        return power_of_two_number(text.substr(2), 3);
      case 'b':
      case 'B':
        return power_of_two_number(text.substr(2), 1);
      default:
        break;
    }
  }
  return decimal_number(text);
}

std::string_view javascript_text(double value, NumberRoom& room) {
  if (std::isnan(value)) return "NaN";
  if (value == 0) return "0";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";

  std::array<char, 32> scientific;
  const auto written = std::to_chars(scientific.data(), scientific.data() + scientific.size(),
                                     std::abs(value), std::chars_format::scientific);
  CS_ASSERT(written.ec == std::errc());
  const std::string_view text(scientific.data(),
                              static_cast<std::size_t>(written.ptr - scientific.data()));
  const std::size_t e = text.find('e');
  std::array<char, 20> digits;
  std::size_t count = 0;
  for (const char each : text.substr(0, e)) {
    if (each != '.') digits[count++] = each;
  }
  int exponent = 0;
  const std::string_view power = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);

  char* to = room.data();
  if (value < 0) *to++ = '-';
  to = lay_out({digits.data(), count}, exponent, to);
  return {room.data(), static_cast<std::size_t>(to - room.data())};
}

std::size_t javascript_blank(std::string_view text) {
  if (text.empty()) return 0;
  const char front = text.front();
  if (front == ' ' || (front >= '\t' && front <= '\r')) return 1;
  if (static_cast<unsigned char>(front) < 0x80) return 0;
  for (const std::string_view each :
       {"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
        "\xe3\x80\x80", "\xef\xbb\xbf"}) {
    if (text.starts_with(each)) return each.size();
  }
  // U+2000 to U+200A
  if (!text.starts_with("\xe2\x80") || text.size() < 3) return 0;
  const auto last = static_cast<unsigned char>(text[2]);
  return last >= 0x80 && last <= 0x8a ? 3 : 0;
}

std::string_view javascript_trim(std::string_view text) {
  while (const std::size_t blank = javascript_blank(text)) text.remove_prefix(blank);
  const auto blank_at_end = [&text]() -> std::size_t {
    for (const std::size_t length : {1u, 2u, 3u}) {
      if (text.size() < length) return 0;
      if (javascript_blank(text.substr(text.size() - length)) == length) return length;
    }
    return 0;
  };
  while (const std::size_t blank = blank_at_end()) text.remove_suffix(blank);
  return text;
}

double javascript_round(double value) {
  const double below = std::floor(value);
  return value - below >= 0.5 ? below + 1 : below;
}

}  // namespace carbon_spool
