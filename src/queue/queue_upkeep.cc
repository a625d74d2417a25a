// Upkeep: one thread that syncs in time and removes tables that nobody needs.

#include <chrono>

#include "queue_impl.h"

namespace carbon_spool {

void QueueImpl::upkeep_loop() {
  using Steady = std::chrono::steady_clock;
  const bool by_time = options_.sync.kind == SyncPolicy::Kind::Interval;
  auto next_sync = Steady::now() + options_.sync.interval;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto wanted = [this] { return closing_ || tables_to_remove_ || sync_is_asked_for(); };
    if (by_time && unsynced_) {
      upkeep_wanted_.wait_until(lock, next_sync, wanted);
    } else {
      upkeep_wanted_.wait(lock, [&] { return wanted() || (by_time && unsynced_); });
    }
    if (tables_to_remove_) {
      tables_to_remove_ = false;
      lock.unlock();
      {
        const std::lock_guard write_lock(write_mutex_);
        static_cast<void>(remove_unneeded_tables());
      }
      lock.lock();
    }
    if (sync_is_asked_for() || (by_time && unsynced_ && Steady::now() >= next_sync)) {
      lock.unlock();
      sync_now();
      next_sync = Steady::now() + options_.sync.interval;
      lock.lock();
    }
  }
}

/// With mutex_ held: somebody waits for what is accepted but not synced.
bool QueueImpl::sync_is_asked_for() const {
  if (options_.sync.kind == SyncPolicy::Kind::Never || synced_ == accepted_) return false;
  for (const DurableWaiter& waiter : waiters_) {
    if (waiter.ticket > synced_ && waiter.ticket <= accepted_) return true;
  }
  return false;
}

void QueueImpl::sync_now() {
  Ticket accepted = 0;
  {
    const std::lock_guard lock(mutex_);
    accepted = accepted_;
    unsynced_ = false;
  }
  auto done = store_->sync();
  {
    const std::lock_guard lock(mutex_);
    if (done) {
      synced_ = accepted;
    } else {
      unsynced_ = true;
      last_error_ = done.error().message;
    }
  }
  if (done) finish_waiters();
}

}  // namespace carbon_spool
