#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace carbon_spool {

/// Where a counter begins again at zero.
enum class CounterWidth : std::uint8_t {
  Bits64,  ///< never in practice: one that goes backwards was reset
  Bits32,  ///< one that goes backwards has wrapped, if it then advanced no faster than it can
};

/// How far counters have come between two samples of one collector. Counters that a sample does not
/// name are forgotten, so it takes no more memory than the machine has counters.
class Rates {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A sample begins.
  void begin(Time now);

  /// By how much the counter has grown since the sample before. None: it was not in that sample,
  /// was reset since, or is named twice in this one.
  [[nodiscard]] std::optional<double> growth(std::string_view counter, std::uint64_t value,
                                             CounterWidth width = CounterWidth::Bits64);

  /// The same, divided by `seconds`.
  [[nodiscard]] std::optional<double> per_second(std::string_view counter, std::uint64_t value);

  /// Since the sample before. More than 0 wherever there is a growth.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  using Values = std::map<std::string, std::uint64_t, std::less<>>;

  std::optional<Time> began_;
  double seconds_ = 0;
  Values before_;
  Values now_;
};

}  // namespace carbon_spool
