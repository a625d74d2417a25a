#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace carbon_spool {

/// Shows what passes by under names that match a pattern: to people who look for a metric. A
/// watcher asks again and again for what came since; one that does not is forgotten.
/// Memory: bounded, whatever passes and however many watch. Threads: any.
class StatsdWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What matched since this watcher last asked, line by line; the first time nothing. `pattern` is
  /// a shell's: `*`, `?`, `[a-z]`. None are left if there are too many watchers.
  [[nodiscard]] std::string ask(const std::string& watcher, const std::string& pattern,
                                Time now = std::chrono::steady_clock::now());

  /// Whether anybody watches: else there is no need to call `see`.
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_relaxed); }

  /// `line` passes, about that name.
  void see(const std::string& name, std::string_view line);

 private:
  struct Watcher {
    std::string pattern;
    std::string seen;
    std::uint64_t left_out = 0;
    Time asked_at;
  };

  std::atomic<bool> any_{false};
  std::mutex mutex_;
  std::map<std::string, Watcher> watchers_;  ///< guarded by mutex_
};

}  // namespace carbon_spool
