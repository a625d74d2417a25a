// The cap: who gets what when the disk that the queue may use is full.

#include <algorithm>
#include <chrono>

#include "queue_impl.h"
#include "state_keys.h"

namespace carbon_spool {
namespace {

/// How often a blocked appender looks whether somebody else freed disk.
constexpr std::chrono::milliseconds kLookAgainEvery{200};
/// Batches to try behind one that cannot be read.
constexpr unsigned kLookAhead = 64;

}  // namespace

/// None if it was stopped while it waited for room.
std::optional<QueueImpl::Admission> QueueImpl::make_room(std::uint64_t incoming,
                                                         std::unique_lock<std::mutex>& write_lock) {
  switch (options_.when_full) {
    case WhenFull::DropOldest:
      drop_until_fits(incoming);
      return Admission{};
    case WhenFull::DropNewest:
      return admit_those_that_keep_up(incoming);
    case WhenFull::Block:
      while (!fits(incoming, 0)) {
        if (forget_least_wanted()) continue;
        if (intake_.stopped()) return std::nullopt;
        if (!writable_) return Admission{};
        room_freed_.wait_for(write_lock, kLookAgainEvery);
      }
      return Admission{};
  }
  return Admission{};
}

void QueueImpl::drop_until_fits(std::uint64_t incoming) {
  while (writable_ && !fits(incoming, 0)) {
    if (!forget_least_wanted() && !drop_oldest_table())
      return;  // what is left is still being written
  }
}

/// The most that `disk_use` may become: what the cap leaves when the worst moment of the store's
/// own work is taken off. While the file system has too little left for others, the queue does not
/// grow.
std::uint64_t QueueImpl::limit() {
  const std::uint64_t by_cap = options_.max_size - sizes_.headroom;
  if (options_.min_free_disk == 0 || meter_->free() >= options_.min_free_disk) {
    size_when_disk_got_low_.reset();
    return by_cap;
  }
  if (!size_when_disk_got_low_) size_when_disk_got_low_ = meter_->at_most();
  return std::min(by_cap, *size_when_disk_got_low_);
}

/// Why there is no room: the key of the setting that says so.
const char* QueueImpl::full_reason() const {
  return size_when_disk_got_low_ ? "min_free_disk" : "cap";
}

/// True if `incoming` more bytes leave `reserve` bytes of the limit free.
bool QueueImpl::fits(std::uint64_t incoming, std::uint64_t reserve) {
  const std::uint64_t most = limit();
  const std::uint64_t more = incoming + reserve + std::max(shrinking_bytes_, spare_for_shrinking());
  if (meter_->at_most() + more > most) meter_->rescan();
  return meter_->at_most() + more <= most;
}

/// Frees disk that costs nobody in the configuration a point: what is kept only to be sent again,
/// then what only orphans wait for. False if there is none.
bool QueueImpl::forget_least_wanted() {
  std::vector<std::string> orphans;
  bool forgot = false;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, reader] : ledger_.readers()) {
      if (reader.orphan) orphans.push_back(name);
      if (reader.kept.empty() && reader.resending.empty()) continue;
      reader.forget_kept();
      forgot = true;
    }
  }
  if (forgot && remove_unneeded_tables()) return true;
  if (orphans.empty()) return false;
  for (const TableFile& table : store_->tables()) {
    const auto wanted_by = [&](bool orphan) {
      const std::lock_guard lock(mutex_);
      return std::any_of(ledger_.readers().begin(), ledger_.readers().end(), [&](const auto& each) {
        return each.second.orphan == orphan && each.second.needs(table.first, table.last);
      });
    };
    if (!wanted_by(true) || wanted_by(false)) continue;
    const auto end = mark_after(table.last);
    if (!end) return false;
    drop(orphans, {Mark{}, end.value()}, full_reason());
    return remove_unneeded_tables();
  }
  return false;
}

/// Drops the oldest table's batches from all readers, and the table. False if there is nothing that
/// can be dropped.
bool QueueImpl::drop_oldest_table() {
  if (remove_unneeded_tables()) return true;
  if (store_->tables().empty()) {
    if (auto sealed = store_->seal_if_due(ledger_.end().sequence, true); !sealed) {
      begin_outage(sealed.error());
      return false;
    }
  }
  store_->wait_until_settled();
  const std::vector<TableFile> tables = store_->tables();
  if (tables.empty()) return false;
  const auto end = mark_after(tables.front().last);
  if (!end) {
    begin_outage(end.error());
    return false;
  }
  const Range oldest{Mark{}, end.value()};
  std::vector<std::string> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, reader] : ledger_.readers()) all.push_back(name);
    ledger_.forget_readable(oldest);
  }
  drop(all, oldest, full_reason());
  return remove_unneeded_tables();
}

/// A part of the cap is kept for readers that keep up: those whose own backlog has filled the rest
/// do not get what comes in, the others do.
QueueImpl::Admission QueueImpl::admit_those_that_keep_up(std::uint64_t incoming) {
  const std::uint64_t reserve = options_.max_size / 4;
  // Once full, a good part must be free again before those that were left out get points: otherwise
  // each table that goes would let in a scrap.
  const std::uint64_t back_in = left_out_until_room_ ? options_.max_size / 16 : 0;
  bool roomy = fits(incoming, reserve + back_in);
  while (!roomy && writable_ && forget_least_wanted()) roomy = fits(incoming, reserve + back_in);
  left_out_until_room_ = !roomy;
  if (roomy) return {};

  const std::vector<TableFile> tables = store_->tables();
  const bool has_room = fits(incoming, 0);
  Admission admission;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, reader] : ledger_.readers()) {
    std::uint64_t backlog = 0;
    for (const TableFile& table : tables) {
      if (reader.needs(table.first, table.last)) backlog += table.bytes;
    }
    if (backlog > reserve) admission.left_out.push_back(name);
  }
  const bool somebody_keeps_up = admission.left_out.size() < ledger_.readers().size();
  admission.stored = somebody_keeps_up && has_room;
  if (!admission.stored) {
    admission.left_out.clear();
    for (const auto& [name, reader] : ledger_.readers()) admission.left_out.push_back(name);
  }
  return admission;
}

/// The mark behind batch `last`. If that batch is missing, the next one tells it. Fails if the disk
/// cannot be read there and for a while behind: all of that must not be lost to it.
Result<Mark> QueueImpl::mark_after(Sequence last) const {
  unsigned failures = 0;
  for (Sequence at = last; at < ledger_.end().sequence; at = at.next()) {
    const auto found = find_batch(at);
    if (!found && ++failures == kLookAhead) return found.error();
    if (!found || !found.value()) continue;
    const Range& range = found.value()->range();
    return at == last ? range.end : range.begin;
  }
  return ledger_.end();
}

void QueueImpl::drop(const std::vector<std::string>& readers, const Range& range,
                     const std::string& reason) {
  const auto now = clock_.unix_seconds();
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : readers) ledger_.readers().at(name).drop(range, reason, now);
    has_unsynced();
  }
  persist(false, [&](Store::Write& write) {
    for (const std::string& name : readers) put_position(name, write);
  });
}

/// Removes the tables that nobody needs a batch of, or that were shrunk. True if there was one. Why
/// nobody does must be on the disk first: after a power loss a position that is behind would find
/// its batches gone, and count as lost what was delivered.
bool QueueImpl::remove_unneeded_tables() {
  if (!writable_) return false;
  bool removed = false;
  bool synced = false;
  for (const TableFile& table : store_->tables()) {
    if (!table.removable) continue;  // it is looked at again once it is
    {
      const std::lock_guard lock(mutex_);
      if (!table.replaced && ledger_.needed(table.first, table.last)) continue;
    }
    if (!synced) {
      if (auto done = store_->sync(); !done) {
        begin_outage(done.error());
        return false;
      }
      synced = true;
    }
    if (auto done = store_->remove_table(table); !done) {
      note_error(done.error());
      continue;
    }
    removed = true;
  }
  if (removed) {
    meter_->rescan();
    room_freed_.notify_all();
  }
  return removed;
}

}  // namespace carbon_spool
