#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace carbon_spool {

enum class LogLevel { Debug, Info, Warning, Error };

/// Writes one line to the daemon's log (standard error, through spdlog). Threads: any.
/// Text that came from a stranger is escaped by the caller (`quote_for_log`).
void log(LogLevel level, std::string_view text);

/// Sets the least level that is written. Default: Info.
void set_log_level(LogLevel level);

/// Lets through at most `burst` lines of one kind in every `period`, so that nothing a stranger
/// does can fill the disk with log. Threads: any thread may call `log`.
class BoundedLog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit BoundedLog(std::uint32_t burst = 5,
                      std::chrono::seconds period = std::chrono::seconds(10))
      : burst_(burst), period_(period) {}

  /// Writes the line, or counts it; the first line of the next period says how many were left out.
  void log(LogLevel level, std::string_view text, Time now = std::chrono::steady_clock::now());

 private:
  const std::uint32_t burst_;
  const std::chrono::seconds period_;

  std::mutex mutex_;  // protects all below
  Time period_end_{};
  std::uint32_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

/// The text with control bytes, quotes, backslashes and invalid UTF-8 escaped (`\xNN`, `\"`, `\\`),
/// in quotes, cut after `limit` bytes: then `...` stands behind the quote.
[[nodiscard]] std::string quote_for_log(std::string_view text, std::size_t limit = 120);

}  // namespace carbon_spool
