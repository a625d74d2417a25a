#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace carbon_spool {

/// When an ingest thread that has just read something should look for more. Every burst wakes the
/// appender and each sender, which costs far more than the few lines of a small one; so once small
/// bursts follow each other, each waits until the last is kEvery ago. What comes alone is read at
/// once, and a flood is never held up: what was waiting in the sockets makes its bursts large.
/// Threads: one.
class BurstPace {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds kEvery{2};
  /// Bursts that came closer than that follow each other.
  static constexpr std::chrono::milliseconds kSteady{2 * kEvery};
  /// A burst of more is no small one.
  static constexpr std::size_t kSmallBytes = 32 * 1024;

  /// Something was read that took up so much of a socket's buffer.
  void count(std::size_t bytes) { bytes_ += bytes; }

  /// The burst is over. Returns when the next may begin, or none: at once.
  [[nodiscard]] std::optional<Moment> end_burst(Moment now) {
    const std::size_t bytes = std::exchange(bytes_, 0);
    if (bytes == 0) return std::nullopt;
    const Moment before = std::exchange(last_, now);
    if (bytes > kSmallBytes || now - before > kSteady) return std::nullopt;
    return now + kEvery;
  }

 private:
  std::size_t bytes_ = 0;
  Moment last_{};
};

}  // namespace carbon_spool
