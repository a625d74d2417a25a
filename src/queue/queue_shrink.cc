// A member of a cluster that is down for long must not pin what is not for it: a stretch of the log
// that only such readers still need is put into one table of what they need of it.

#include <algorithm>
#include <shared_mutex>
#include <utility>

#include "carbon_spool/base/log.h"
#include "carbon_spool/base/units.h"

#include "queue_impl.h"
#include "stored_batch.h"
#include "stretch.h"

namespace carbon_spool {
namespace {

/// Fewer are not worth it while there is room: who is behind by less may soon be back.
constexpr std::size_t kLeastTables = 2;
/// More would leave the room that they take in use for longer.
constexpr std::uint64_t kMostBytes = 64ull << 20;
/// It is worth it if no more than this part of a stretch is left …
constexpr std::uint64_t kWorthNumerator = 3;
constexpr std::uint64_t kWorthDenominator = 4;
/// … as so much plaintext of it tells.
constexpr std::uint64_t kSampleBytes = 1ull << 20;
/// After the disk failed at it.
constexpr unsigned kTicksToRest = 60;

bool is_worth_it(std::uint64_t left, std::uint64_t of) {
  return left <= of / kWorthDenominator * kWorthNumerator;
}

}  // namespace

/// A stretch on its way, with the room that is kept free for it.
struct QueueImpl::Shrinking {
  Stretch stretch;
  std::unique_ptr<Store::ShrunkTable> table;
  unsigned store_life = 0;
};

void QueueImpl::shrink_loop() {
  unsigned rest = 0;
  std::unique_lock lock(mutex_);
  while (!shrink_wanted_.wait_for(lock, ground_.tick_every, [this] { return closing_; })) {
    if (rest > 0) {
      --rest;
      continue;
    }
    lock.unlock();
    while (true) {
      const auto done = shrink_a_stretch();
      if (done && done.value()) continue;
      if (!done) {
        note_error(done.error());
        rest = kTicksToRest;
      }
      break;
    }
    lock.lock();
  }
}

/// False if there is none that is worth it.
Result<bool> QueueImpl::shrink_a_stretch() {
  auto begun = begin_shrinking();
  if (!begun) return begun.error();
  if (!begun.value()) return false;
  Shrinking& shrinking = *begun.value();
  auto done = fill(shrinking);
  if (done && done.value()) done = put_in_place(shrinking);
  shrinking.table.reset();
  const std::lock_guard write_lock(write_mutex_);
  shrinking_bytes_ = 0;
  if (meter_) meter_->rescan();
  return done;
}

/// Null if there is nothing to be done.
Result<std::unique_ptr<QueueImpl::Shrinking>> QueueImpl::begin_shrinking() {
  const std::lock_guard write_lock(write_mutex_);
  auto shrinking = std::make_unique<Shrinking>();
  if (spare_for_shrinking() == 0 || !writable_ || ticks_until_positions_are_settled_ > 0) {
    return std::unique_ptr<Shrinking>();
  }
  const std::vector<TableFile> tables = store_->tables();
  std::erase_if(not_worth_shrinking_, [&](const auto& each) {
    return std::ranges::find(tables, each.first, &TableFile::name) == tables.end();
  });
  meter_->rescan();
  const std::uint64_t most = limit();
  const std::uint64_t in_use = meter_->at_most();
  const bool is_filling = in_use > most / 2;
  StretchLimits limits;
  limits.least_tables = is_filling ? 1 : kLeastTables;
  limits.most_bytes = std::min(kMostBytes, most - std::min(most, in_use));
  limits.spare_the_awake = !is_filling;
  {
    const std::lock_guard lock(mutex_);
    // Not at the end: inputs wait for their last answers, and an outage would give them none.
    if (appending_ended_) return std::unique_ptr<Shrinking>();
    auto found = find_stretch(tables, ledger_, limits, not_worth_shrinking_);
    if (!found) return std::unique_ptr<Shrinking>();
    shrinking->stretch = std::move(*found);
  }
  if (!store_->can_add()) {
    reopen_soon();
    return std::unique_ptr<Shrinking>();
  }
  auto table = store_->begin_shrunk_table();
  if (!table) return table.error();
  shrinking->table = std::move(table.value());
  shrinking->store_life = store_life_;
  shrinking_bytes_ = shrinking->stretch.bytes();
  return shrinking;
}

/// Room that is left free so that a stretch can be shrunk when the queue is full: a table has at
/// most a segment. Nothing, if there is no reader that gets a part of each batch.
std::uint64_t QueueImpl::spare_for_shrinking() const {
  const std::lock_guard lock(mutex_);
  const bool shares_out = std::ranges::any_of(
      ledger_.readers(), [](const auto& each) { return each.second.options.selector != nullptr; });
  return shares_out ? sizes_.segment_bytes : 0;
}

/// Reads what is to be shrunk and writes what is left of it. Holds no lock of others for long.
/// False if it is not to be.
Result<bool> QueueImpl::fill(Shrinking& shrinking) {
  const Stretch& stretch = shrinking.stretch;
  std::uint64_t read = 0;
  std::uint64_t left = 0;
  for (const TableFile& table : stretch.tables) {
    for (Sequence at = table.first; at <= table.last; at = at.next()) {
      if (is_closing()) return false;
      const auto found = read_for_shrinking(at);
      if (!found) return found.error();
      if (found.value().is_hole) continue;
      const BatchPtr& batch = found.value().batch;
      if (!batch) return give_up(stretch);
      const std::string stored = shrink(batch, stretch.needs);
      if (auto put = shrinking.table->put(at, stored); !put) return put.error();
      read += batch->lines().size();
      left += stored.size() - kShrunkBatchHeaderBytes;
      if (read >= kSampleBytes && !is_worth_it(left, read)) return give_up(stretch);
      if (!is_worth_it(shrinking.table->bytes(), stretch.bytes())) return give_up(stretch);
    }
  }
  if (read == 0) return give_up(stretch);
  if (auto finished = shrinking.table->finish(); !finished) return finished.error();
  if (!is_worth_it(shrinking.table->bytes(), stretch.bytes())) return give_up(stretch);
  return true;
}

Result<QueueImpl::ReadForShrinking> QueueImpl::read_for_shrinking(Sequence sequence) const {
  ReadForShrinking found;
  {
    const std::shared_lock gate(store_gate_);
    if (!store_) return Error{"the disk fails"};
    auto read = read_stored_batch(*store_, sequence);
    if (!read) return read.error();
    found.batch = std::move(read.value());
  }
  const std::lock_guard lock(mutex_);
  found.is_hole = !found.batch && !ledger_.needed(sequence, sequence);
  return found;
}

bool QueueImpl::is_closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

/// It is not tried again until others need it.
bool QueueImpl::give_up(const Stretch& stretch) {
  std::vector<std::string> names;
  for (const Need& each : stretch.needs) names.push_back(each.reader);
  const std::lock_guard write_lock(write_mutex_);
  for (const TableFile& table : stretch.tables) not_worth_shrinking_[table.name] = names;
  return false;
}

/// What the new table leaves out nobody needs: why must be on the disk before, as with a table that
/// is removed.
Result<bool> QueueImpl::put_in_place(const Shrinking& shrinking) {
  const Stretch& stretch = shrinking.stretch;
  const std::lock_guard write_lock(write_mutex_);
  if (!writable_ || shrinking.store_life != store_life_) return false;
  {
    const std::lock_guard lock(mutex_);
    if (!is_as_found(stretch, ledger_)) return false;
  }
  if (auto synced = store_->sync(); !synced) {
    begin_outage(synced.error());
    return false;
  }
  if (auto added = store_->add(*shrinking.table); !added) return added.error();
  static_cast<void>(remove_unneeded_tables());
  log(LogLevel::Debug, "queue: " + format_size(stretch.bytes()) + " that only " +
                           stretch.needs.front().reader +
                           (stretch.needs.size() > 1 ? " and others need" : " needs") + " became " +
                           format_size(shrinking.table->bytes()));
  return true;
}

}  // namespace carbon_spool
