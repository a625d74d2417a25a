// A disk that fails: what comes in is kept in memory until it is well again.

#include <algorithm>
#include <utility>

#include "carbon_spool/base/log.h"
#include "carbon_spool/base/units.h"

#include "queue_impl.h"
#include "state_keys.h"

namespace carbon_spool {
namespace {

/// After so many attempts to go on with the store it is opened anew: some errors RocksDB does not
/// recover from.
constexpr unsigned kAttemptsBeforeReopening = 3;
/// Batches from memory in one write.
constexpr std::size_t kMostInWrite = 16;
/// How often an appender that is held back looks whether memory or the disk is free again.
constexpr std::chrono::milliseconds kLookAgainEvery{200};

}  // namespace

/// Writes what `fill` puts in. While the disk fails nothing is written: the end of an outage writes
/// everything as it is then. A failure begins one.
void QueueImpl::persist(bool sync, const std::function<void(Store::Write&)>& fill) {
  if (!writable_) return;
  Store::Write write = store_->begin_write();
  fill(write);
  if (auto done = store_->write(write, sync); !done) begin_outage(done.error());
}

void QueueImpl::begin_outage(const Error& error) {
  writable_ = false;
  if (outage_) return;
  Ticket durable_before = 0;
  bool ended = false;
  {
    const std::lock_guard lock(mutex_);
    durable_before = durable();
    ended = appending_ended_;
    outage_.emplace(Outage{std::chrono::steady_clock::now()});
    last_error_ = error.message;
    upkeep_wanted_.notify_all();
  }
  log(LogLevel::Error, "queue: the disk fails (" + error.message +
                           "): what comes in is kept in memory, at most " +
                           format_size(options_.memory_limit) + ", until it is well again");
  // Inputs that end wait for every answer, and nobody knows how long the disk takes.
  if (ended) fail_waiters(durable_before, UINT64_MAX);
}

/// At the next tick; until then it is as if the disk failed.
void QueueImpl::reopen_soon() {
  begin_outage(Error{"after an error that is over, its files are opened anew"});
  const std::lock_guard lock(mutex_);
  outage_->reopens = true;
}

/// False if it was stopped while it was held back.
bool QueueImpl::keep_in_memory(const Draft& draft, std::unique_lock<std::mutex>& write_lock) {
  while (options_.when_full == WhenFull::Block && outage_ && memory_is_full()) {
    drop_from_memory();
    if (!memory_is_full()) break;
    if (intake_.stopped()) return false;
    room_freed_.wait_for(write_lock, kLookAgainEvery);
  }
  if (!outage_) {
    write_lock.unlock();
    return append(draft);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const BatchPtr& batch : draft.batches) memory_.add(batch);
    const Sequence last = draft.batches.empty() ? Sequence{draft.grown.end.sequence.value - 1}
                                                : draft.batches.back()->range().begin.sequence;
    arrivals_.push_back({last, draft.ticket, draft.notes});
  }
  publish(draft, Admission{});
  drop_from_memory();
  return true;
}

bool QueueImpl::memory_is_full() const {
  const std::lock_guard lock(mutex_);
  return memory_.bytes() >= options_.memory_limit;
}

/// Lets go of what nobody needs any more, and while there is still too much of the oldest.
void QueueImpl::drop_from_memory() {
  const std::int64_t now = clock_.unix_seconds();
  Ticket refused = 0;
  {
    const std::lock_guard lock(mutex_);
    while (!memory_.empty()) {
      const Range range = memory_.front()->range();
      const bool needed = ledger_.needed(range.begin.sequence, range.begin.sequence);
      const bool too_much = memory_.bytes() > options_.memory_limit;
      if (needed && (!too_much || options_.when_full == WhenFull::Block)) break;
      if (needed) {
        for (auto& [name, reader] : ledger_.readers()) {
          outage_->dropped += reader.waiting.intersection(range).points();
          reader.drop(range, "memory_limit", now);
        }
      }
      memory_.pop_front();
      while (!arrivals_.empty() && arrivals_.front().last <= range.begin.sequence) {
        if (needed) refused = arrivals_.front().ticket;
        take_over_notes(arrivals_.front().notes, unwritten_notes_);
        arrivals_.pop_front();
      }
    }
  }
  if (refused > 0) fail_waiters(written_, refused);
}

/// Once a second while the disk fails, and once more at the end.
void QueueImpl::try_to_end_outage() {
  ++outage_->attempts;
  Result<void> done = make_store_usable();
  if (done) done = write_state();
  if (done) {
    end_repair(ground_.disk, options_.path);
    writable_ = true;
    done = write_from_memory();
  }
  if (!done) {
    writable_ = false;
    return note_error(done.error());
  }
  const auto lasted = std::chrono::steady_clock::now() - outage_->since;
  std::string line = "queue: the disk is well again after " +
                     describe_duration(std::chrono::duration_cast<Seconds>(lasted));
  if (outage_->dropped > 0) {
    line += "; " + std::to_string(outage_->dropped) + " points did not fit into memory";
  }
  log(LogLevel::Info, line);
  {
    const std::lock_guard lock(mutex_);
    outage_.reset();
    last_error_.clear();
    arrivals_.clear();
    written_ = accepted_;
    synced_ = accepted_;
    tables_to_remove_ = true;
  }
  room_freed_.notify_all();
  finish_waiters();
}

Result<void> QueueImpl::make_store_usable() {
  const bool in_vain = outage_->attempts > kAttemptsBeforeReopening;
  if (!store_ || !store_->is_in_place() || in_vain || outage_->reopens) {
    outage_->attempts = 0;
    return reopen_store();
  }
  return store_->try_to_recover();
}

/// The old store goes first: it holds the lock of the folder, and perhaps the last room on the
/// disk.
Result<void> QueueImpl::reopen_store() {
  const std::unique_lock gate(store_gate_);
  meter_.reset();
  store_.reset();
  ++store_life_;
  auto store = open_store();
  if (!store) return store.error();
  store_ = std::move(store.value().store);
  RestoredState earlier = recover_state(store.value());
  if (began_without_store_) put_earlier_in_front(std::move(earlier));
  store_->begin_at(ledger_.end().sequence);
  meter_ = std::make_unique<DiskMeter>(*store_);
  return success();
}

void QueueImpl::put_earlier_in_front(RestoredState earlier) {
  const std::lock_guard lock(mutex_);
  ledger_.put_in_front(std::move(earlier.ledger), *began_without_store_);
  for (const auto& [name, accepted] : earlier.producers) {
    const auto same = std::ranges::find(producers_, name, &Producer::name);
    if (same == producers_.end()) {
      producers_.push_back({name, accepted});
    } else {
      same->accepted += accepted;
    }
  }
  notes_.merge(earlier.notes);
  began_without_store_.reset();
  for (const auto& [name, hands] : readers_) wake_takers(name, nullptr);
}

/// All of `state`, as it is now. From then on what is still only in memory would be found damaged
/// after a crash: lost, but counted.
Result<void> QueueImpl::write_state() {
  Store::Write write = store_->begin_write();
  write.put_state(kSchemaKey, kSchema);
  write.put_state(kEndedInOrderKey, "0");
  write.put_state(kLogKey, encode_mark(ledger_.end()));
  for (const std::string& name : forgotten_) write.remove_state(std::string(kReaderPrefix) + name);
  put_positions(write);
  {
    const std::lock_guard lock(mutex_);
    for (const Producer& producer : producers_) {
      write.put_state(std::string(kProducerPrefix) + producer.name,
                      std::to_string(producer.accepted));
    }
    put_notes(write, notes_);
    put_notes(write, unwritten_notes_);
  }
  auto done = store_->write(write, true);
  if (!done) return done;
  forgotten_.clear();
  const std::lock_guard lock(mutex_);
  notes_are_written(Notes(notes_));
  notes_are_written(std::exchange(unwritten_notes_, {}));
  return done;
}

/// With mutex_ held: those that came with what is in memory up to that batch.
QueueImpl::Notes QueueImpl::notes_in_memory(Sequence up_to) const {
  Notes notes = unwritten_notes_;
  for (const Arrival& each : arrivals_) {
    if (each.last > up_to) break;
    take_over_notes(each.notes, notes);
  }
  return notes;
}

Result<void> QueueImpl::write_from_memory() {
  while (true) {
    std::vector<BatchPtr> batches;
    std::uint64_t bytes = 0;
    Sequence last{UINT64_MAX};
    Notes notes;
    drop_from_memory();
    {
      const std::lock_guard lock(mutex_);
      for (const BatchPtr& batch : memory_) {
        if (batches.size() == kMostInWrite) {
          last = batches.back()->range().begin.sequence;
          break;
        }
        batches.push_back(batch);
        bytes += stored_bytes(*batch).size();
      }
      notes = notes_in_memory(last);
    }
    if (batches.empty() && notes.empty()) return success();
    if (auto room = make_room_for_memory(bytes); !room) return room;
    if (auto sealed = store_->seal_if_due(ledger_.end().sequence); !sealed) return sealed;
    Store::Write write = store_->begin_write();
    for (const BatchPtr& batch : batches) {
      write.put_batch(batch->range().begin.sequence, stored_bytes(*batch));
    }
    put_notes(write, notes);
    if (auto done = store_->write(write, true); !done) return done;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batches.size(); ++i) memory_.pop_front();
    while (!arrivals_.empty() && arrivals_.front().last <= last) arrivals_.pop_front();
    unwritten_notes_.clear();
    notes_are_written(notes);
  }
}

/// Only `drop_oldest` makes room at once; otherwise the points stay in memory until there is some.
Result<void> QueueImpl::make_room_for_memory(std::uint64_t bytes) {
  if (options_.when_full == WhenFull::DropOldest) {
    drop_until_fits(bytes);
  } else if (!fits(bytes, 0)) {
    static_cast<void>(remove_unneeded_tables());
    if (!fits(bytes, 0)) return Error{"the disk is well, but the queue is full"};
  }
  if (!writable_) return Error{"the disk failed again"};
  return success();
}

}  // namespace carbon_spool
