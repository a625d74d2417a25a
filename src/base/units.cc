#include "carbon_spool/base/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <span>

namespace carbon_spool {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The units that format_size and format_duration write come first, the largest before the smaller.
constexpr std::array<Unit, 10> kSizeUnits{{
    {"TiB", 1ull << 40},
    {"GiB", 1ull << 30},
    {"MiB", 1ull << 20},
    {"KiB", 1ull << 10},
    {"B", 1},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
    {"kB", 1'000},
}};
constexpr std::size_t kWrittenSizeUnits = 5;

constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1}}};

// Timers count nanoseconds in 63 bits: 292 years.
constexpr std::uint64_t kLongestDuration = 36'500 * kDay;

std::string found(std::string_view text) {
  return ", found \"" + std::string(text) + "\"";
}

Result<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                     std::uint64_t most, const std::string& expected,
                                     const std::string& too_much) {
  const char* const end = text.data() + text.size();
  std::uint64_t number = 0;
  const auto [unit_begin, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc::invalid_argument) return Error{expected + found(text)};
  const std::string_view name(unit_begin, static_cast<std::size_t>(end - unit_begin));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (problem == std::errc::result_out_of_range || number > most / unit.factor) {
      return Error{too_much + found(text)};
    }
    return number * unit.factor;
  }
  return Error{expected + found(text)};
}

std::string format_quantity(std::uint64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (number % unit.factor == 0) {
      return std::to_string(number / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(number) + std::string(units.back().name);
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits, std::numeric_limits<std::int64_t>::max(),
                        R"(expected a size, such as "64KiB", "1GiB" or "500MB")",
                        "expected a size of less than 8 EiB");
}

Result<Milliseconds> parse_duration(std::string_view text) {
  const auto count = parse_quantity(text, kDurationUnits, kLongestDuration,
                                    R"(expected a duration, such as "200ms", "5s", "10m" or "1h")",
                                    "expected a duration of at most 36500d");
  if (!count) return count.error();
  return Milliseconds(static_cast<Milliseconds::rep>(count.value()));
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0B";
  return format_quantity(bytes, std::span(kSizeUnits).first(kWrittenSizeUnits));
}

std::string format_duration(Milliseconds duration) {
  if (duration.count() <= 0) return "0s";
  return format_quantity(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::string describe_size(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array kNames{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t name = 0;
  // From here on one decimal would read 1024.0.
  while (value >= 1023.95 && name + 1 < kNames.size()) {
    value /= 1024;
    ++name;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kNames[name]);
  return text.data();
}

std::string describe_duration(Seconds duration) {
  struct Step {
    char name;
    std::int64_t seconds;
  };
  constexpr std::array<Step, 4> kSteps{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
  const std::int64_t seconds = std::max<std::int64_t>(duration.count(), 0);
  for (std::size_t i = 0; i + 1 < kSteps.size(); ++i) {
    const Step& big = kSteps[i];
    const Step& small = kSteps[i + 1];
    if (seconds < big.seconds) continue;
    std::string text = std::to_string(seconds / big.seconds) + big.name;
    const std::int64_t rest = seconds % big.seconds / small.seconds;
    if (rest > 0) text += ' ' + std::to_string(rest) + small.name;
    return text;
  }
  return std::to_string(seconds) + 's';
}

}  // namespace carbon_spool
