#include "number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace carbon_spool {
namespace {

/// A double holds less than 2^1024.
constexpr std::size_t kMostMagnitudeBytes = 128;
constexpr std::uint32_t kNineDigits = 1'000'000'000;

template <class Number>
std::string_view shortest(Number number, NumberText& text) {
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

/// A magnitude in base 2^32, the least digit first.
struct Magnitude {
  std::array<std::uint32_t, kMostMagnitudeBytes / 4> digits{};
  std::size_t size = 0;

  /// Divides it and returns the remainder.
  std::uint32_t divide(std::uint32_t divisor) {
    std::uint64_t rest = 0;
    for (std::size_t i = size; i-- > 0;) {
      rest = rest << 32 | digits[i];
      digits[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    while (size > 0 && digits[size - 1] == 0) --size;
    return static_cast<std::uint32_t>(rest);
  }
};

}  // namespace

std::string_view to_text(double number, NumberText& text) {
  constexpr double kExact = 1e15;
  if (std::abs(number) < kExact) {
    const auto whole = static_cast<std::int64_t>(number);
    if (static_cast<double>(whole) == number && (whole != 0 || !std::signbit(number))) {
      return shortest(whole, text);
    }
  }
  return shortest(number, text);
}

std::string_view to_text(std::int64_t number, NumberText& text) {
  return shortest(number, text);
}

std::string_view big_number_to_text(std::string_view bytes, NumberText& text) {
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0;
  const auto extension = static_cast<char>(negative ? 0xff : 0);
  // One byte more than the magnitude may be there for the sign, and any number for nothing.
  while (bytes.size() > kMostMagnitudeBytes + 1 && bytes.back() == extension) {
    bytes.remove_suffix(1);
  }
  if (bytes.size() > kMostMagnitudeBytes + 1) return {};

  Magnitude magnitude;
  std::uint32_t carry = negative ? 1 : 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i] ^ extension);
    carry += byte;
    if (i < kMostMagnitudeBytes) {
      magnitude.digits[i / 4] |= (carry & 0xff) << i % 4 * 8;
      carry >>= 8;
    } else if (carry != 0) {
      return {};
    }
  }
  magnitude.size = magnitude.digits.size();

  char* out = text.data() + text.size();
  do {
    std::uint32_t nine = magnitude.divide(kNineDigits);
    for (int i = 0; i < 9; ++i, nine /= 10) *--out = static_cast<char>('0' + nine % 10);
  } while (magnitude.size > 0);
  const char* const end = text.data() + text.size();
  out = std::find_if(out, text.data() + text.size() - 1, [](char digit) { return digit != '0'; });
  if (negative) *--out = '-';
  return {out, static_cast<std::size_t>(end - out)};
}

}  // namespace carbon_spool
