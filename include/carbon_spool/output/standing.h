#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace carbon_spool {

/// Whether a destination takes points at the moment, for those that would take them in its place.
/// One that was not tried yet counts as up, and one that is being connected to as what it was.
/// Threads: any.
class Standing {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool is_down() const { return down_.load(); }
  [[nodiscard]] std::optional<Moment> down_since() const;

  /// Tells everybody who wants to know, if that is a change.
  void set(bool down);

  /// Calls `told` (from any thread, must be quick) at each change. Replaces the one that the same
  /// listener had; an empty function ends it, and once that call returned the old one runs no more.
  void on_change(const void* listener, std::function<void()> told);

 private:
  std::atomic<bool> down_{false};
  mutable std::mutex mutex_;
  std::optional<Moment> since_;                             ///< guarded by mutex_
  std::map<const void*, std::function<void()>> listeners_;  ///< guarded by mutex_
};

}  // namespace carbon_spool
