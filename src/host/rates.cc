#include "rates.h"

#include <utility>

namespace carbon_spool {
namespace {

/// No 32-bit counter of a disk goes faster than this in a second: they are milliseconds, each
/// request's own, and a disk has fewer than a thousand requests at a time.
constexpr double kFastest = 1'000'000;

}  // namespace

void Rates::begin(Time now) {
  seconds_ = began_ ? std::chrono::duration<double>(now - *began_).count() : 0;
  began_ = now;
  before_ = std::exchange(now_, {});
}

std::optional<double> Rates::growth(std::string_view counter, std::uint64_t value,
                                    CounterWidth width) {
  if (!now_.try_emplace(std::string(counter), value).second) return std::nullopt;
  const auto found = before_.find(counter);
  if (found == before_.end() || seconds_ <= 0) return std::nullopt;
  const std::uint64_t old = found->second;
  if (value >= old) return static_cast<double>(value - old);
  constexpr std::uint64_t kMost = UINT32_MAX;
  if (width == CounterWidth::Bits64 || old > kMost) return std::nullopt;
  const auto wrapped = static_cast<double>(value + (kMost - old) + 1);
  if (wrapped > kFastest * seconds_) return std::nullopt;
  return wrapped;
}

std::optional<double> Rates::per_second(std::string_view counter, std::uint64_t value) {
  const std::optional<double> grown = growth(counter, value);
  if (!grown) return std::nullopt;
  return *grown / seconds_;
}

}  // namespace carbon_spool
