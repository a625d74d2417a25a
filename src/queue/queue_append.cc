// The appender: one thread that turns what was submitted into batches of the log.

#include <algorithm>
#include <iterator>
#include <utility>

#include "queue_impl.h"
#include "state_keys.h"

namespace carbon_spool {
namespace {

/// Joins neighbours while they fit into one batch.
void join_small(std::vector<BatchBuilder>& builders) {
  std::vector<BatchBuilder> joined;
  for (BatchBuilder& builder : builders) {
    if (!joined.empty() && BatchEncoder::join(joined.back(), builder)) continue;
    joined.push_back(std::move(builder));
  }
  builders = std::move(joined);
}

}  // namespace

void QueueImpl::append_loop() {
  while (auto group = intake_.take()) {
    if (!append(draft(std::move(*group)))) break;
  }
  Ticket reached = 0;
  {
    const std::lock_guard write_lock(write_mutex_);
    if (outage_) try_to_end_outage();
    const std::lock_guard lock(mutex_);
    appending_ended_ = true;
    reached = outage_ ? durable() : accepted_;
  }
  fail_waiters(reached, UINT64_MAX);
}

/// Tells those that wait for a ticket after `after` and up to `up_to` that it is never reached.
void QueueImpl::fail_waiters(Ticket after, Ticket up_to) {
  std::vector<DurableWaiter> in_vain;
  {
    const std::lock_guard lock(mutex_);
    const auto kept =
        std::stable_partition(waiters_.begin(), waiters_.end(), [&](const DurableWaiter& waiter) {
          return waiter.ticket <= after || waiter.ticket > up_to;
        });
    std::move(kept, waiters_.end(), std::back_inserter(in_vain));
    waiters_.erase(kept, waiters_.end());
  }
  for (const DurableWaiter& waiter : in_vain) waiter.then(false);
}

/// The batches get their sequences here: only the appender moves the end of the log.
QueueImpl::Draft QueueImpl::draft(Intake::Group group) const {
  Draft draft;
  draft.ticket = group.ticket;
  draft.accepted_at = clock_.unix_milliseconds();
  for (BatchBuilder& builder : group.builders) {
    for (const ProducerShare& share : BatchEncoder::shares(builder)) {
      draft.shares[share.from.index] += share.points;
    }
    for (auto& [key, text] : BatchEncoder::take_notes(builder)) {
      draft.notes.insert_or_assign(key, std::move(text));
    }
  }
  std::erase_if(group.builders, [](const BatchBuilder& each) { return each.points() == 0; });
  if (joins_small_) join_small(group.builders);
  draft.grown = {ledger_.end(), ledger_.end()};
  for (BatchBuilder& builder : group.builders) {
    draft.batches.push_back(
        BatchEncoder::finish(std::move(builder), draft.grown.end, draft.accepted_at));
    draft.grown.end = draft.batches.back()->range().end;
    draft.disk_bytes += stored_bytes(*draft.batches.back()).size();
  }
  return draft;
}

/// False if it was stopped before the draft could be accepted.
bool QueueImpl::append(const Draft& draft) {
  std::unique_lock write_lock(write_mutex_);
  if (!outage_) {
    const auto admission = make_room(draft.disk_bytes, write_lock);
    if (!admission) return false;
    if (!outage_) {
      const auto written = write_draft(draft, *admission);
      if (written) {
        drop_what_is_too_much();
        return true;
      }
      begin_outage(written.error());
    }
  }
  return keep_in_memory(draft, write_lock);
}

Result<void> QueueImpl::write_draft(const Draft& draft, const Admission& admission) {
  if (auto sealed = store_->seal_if_due(ledger_.end().sequence); !sealed) return sealed.error();
  Store::Write write = store_->begin_write();
  if (admission.stored) {
    for (const BatchPtr& batch : draft.batches) {
      write.put_batch(batch->range().begin.sequence, stored_bytes(*batch));
    }
  }
  write.put_state(kLogKey, encode_mark(draft.grown.end));
  put_notes(write, draft.notes);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [index, points] : draft.shares) {
      const Producer& producer = producers_.at(index);
      write.put_state(std::string(kProducerPrefix) + producer.name,
                      std::to_string(producer.accepted + points));
    }
    for (const std::string& name : admission.left_out) {
      ReaderState state = ledger_.readers().at(name);
      state.miss(draft.grown, full_reason(), draft.accepted_at / 1000);
      write.put_state(std::string(kReaderPrefix) + name, state.encode());
    }
  }
  if (auto done = store_->write(write, options_.sync.kind == SyncPolicy::Kind::Always); !done) {
    return done.error();
  }
  publish(draft, admission);
  return success();
}

/// The draft is accepted: now readers may see it.
void QueueImpl::publish(const Draft& draft, const Admission& admission) {
  std::vector<BellPtr> bells;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [index, points] : draft.shares) producers_.at(index).accepted += points;
    if (admission.stored) {
      for (const BatchPtr& batch : draft.batches) newest_.add(batch);
      while (newest_.bytes() > options_.memory_for_newest) newest_.pop_front();
    }
    ledger_.set_end(draft.grown.end);
    for (const std::string& name : admission.left_out) {
      ledger_.readers().at(name).miss(draft.grown, full_reason(), draft.accepted_at / 1000);
    }
    for (auto& [name, state] : ledger_.readers()) {
      if (state.as_of == draft.grown.end) continue;
      const bool had_nothing = state.some_share_has_nothing_live();
      state.receive(draft.grown);
      if (had_nothing) add_bells(name, nullptr, bells);
    }
    accepted_ = draft.ticket;
    if (!outage_) {
      notes_are_written(draft.notes);
      last_error_.clear();
      written_ = accepted_;
      if (options_.sync.kind == SyncPolicy::Kind::Always) {
        unsynced_ = false;
        synced_ = accepted_;
      } else {
        has_unsynced();
        if (!waiters_.empty()) upkeep_wanted_.notify_all();
      }
    }
  }
  for (const BellPtr& bell : bells) bell->ring();
  finish_waiters();
}

void QueueImpl::when_durable(Ticket ticket, std::function<void(bool)> then) {
  bool in_vain = false;
  {
    const std::lock_guard lock(mutex_);
    in_vain = appending_ended_ && ticket > (outage_ ? durable() : accepted_);
    if (!in_vain) waiters_.push_back({ticket, then});
    upkeep_wanted_.notify_all();
  }
  if (in_vain) {
    then(false);
  } else {
    finish_waiters();
  }
}

/// With mutex_ held: the last ticket that a half-close may be answered for.
Ticket QueueImpl::durable() const {
  return options_.sync.kind == SyncPolicy::Kind::Never ? written_ : synced_;
}

/// Tells those whose points are durable, outside the lock: they may call the queue.
void QueueImpl::finish_waiters() {
  std::vector<DurableWaiter> ready;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = waiters_.begin(); at != waiters_.end();) {
      if (at->ticket > durable()) {
        ++at;
        continue;
      }
      ready.push_back(std::move(*at));
      at = waiters_.erase(at);
    }
  }
  for (const DurableWaiter& waiter : ready) waiter.then(true);
}

void QueueImpl::stop_appending() {
  intake_.stop();
  room_freed_.notify_all();
  if (appender_.joinable()) appender_.join();
}

}  // namespace carbon_spool
