#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace carbon_spool {

/// Wakes the sender that has a hand on a position. Where speed matters it is rung with none of the
/// queue's locks held, since who is woken wants those at once. Threads: any.
class Bell {
 public:
  /// Replaces what was called; once this returned, that runs no more.
  void connect(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }

  void ring() const {
    const std::lock_guard lock(mutex_);
    if (wake_) wake_();
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> wake_;  ///< guarded by mutex_
};

using BellPtr = std::shared_ptr<Bell>;

}  // namespace carbon_spool
