// Upkeep: one thread that syncs in time and removes tables that nobody needs.

#include <algorithm>
#include <chrono>
#include <shared_mutex>
#include <utility>

#include "queue_impl.h"

namespace carbon_spool {
void QueueImpl::upkeep_loop() {
  using Steady = std::chrono::steady_clock;
  auto next_tick = Steady::now() + ground_.tick_every;
  auto next_sync = Steady::now() + options_.sync.interval;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto awaits_sync = [&] {
      return options_.sync.kind == SyncPolicy::Kind::Interval && unsynced_ && !outage_;
    };
    const auto sync_is_due = [&] { return awaits_sync() && Steady::now() >= next_sync; };
    const bool awaited = awaits_sync();
    upkeep_wanted_.wait_until(lock, awaited ? std::min(next_sync, next_tick) : next_tick, [&] {
      return closing_ || tables_to_remove_ || sync_is_asked_for() || sync_is_due() ||
             awaits_sync() != awaited;
    });
    if (std::exchange(tables_to_remove_, false)) {
      lock.unlock();
      {
        const std::lock_guard write_lock(write_mutex_);
        static_cast<void>(remove_unneeded_tables());
      }
      lock.lock();
    }
    if (sync_is_asked_for() || sync_is_due()) {
      // What comes in while it is synced is as old as its beginning.
      next_sync = Steady::now() + options_.sync.interval;
      lock.unlock();
      sync_now();
      lock.lock();
    }
    if (Steady::now() >= next_tick) {
      lock.unlock();
      tick();
      next_tick = Steady::now() + ground_.tick_every;
      lock.lock();
    }
  }
}

/// What has its time, whatever happens.
void QueueImpl::tick() {
  const std::lock_guard write_lock(write_mutex_);
  if (outage_) {
    drop_from_memory();
    try_to_end_outage();
  } else if (!store_->is_in_place()) {
    begin_outage(Error{options_.path + ": the folder was removed or replaced"});
  }
  if (ticks_until_positions_are_settled_ > 0 && --ticks_until_positions_are_settled_ == 0) {
    const std::lock_guard lock(mutex_);
    ledger_.begin_unknown_readers_with({});
    tables_to_remove_ = true;
  }
  drop_what_is_too_old();
  drop_what_is_too_much();
  let_go_expired();
}

/// With mutex_ held: somebody waits for what is accepted but not synced.
bool QueueImpl::sync_is_asked_for() const {
  if (options_.sync.kind == SyncPolicy::Kind::Never || outage_ || synced_ == written_) return false;
  for (const DurableWaiter& waiter : waiters_) {
    if (waiter.ticket > synced_ && waiter.ticket <= written_) return true;
  }
  return false;
}

/// With mutex_ held: something was written that the interval must not leave behind. Upkeep sleeps
/// past its end while there is nothing.
void QueueImpl::has_unsynced() {
  if (std::exchange(unsynced_, true)) return;
  if (options_.sync.kind == SyncPolicy::Kind::Interval) upkeep_wanted_.notify_all();
}

void QueueImpl::sync_now() {
  Ticket written = 0;
  {
    const std::lock_guard lock(mutex_);
    if (outage_) return;
    written = written_;
    unsynced_ = false;
  }
  Result<void> done = success();
  {
    const std::shared_lock gate(store_gate_);
    if (!store_) return;
    done = store_->sync();
  }
  if (!done) {
    const std::lock_guard write_lock(write_mutex_);
    return begin_outage(done.error());
  }
  {
    const std::lock_guard lock(mutex_);
    synced_ = std::max(synced_, written);
  }
  finish_waiters();
}

}  // namespace carbon_spool
