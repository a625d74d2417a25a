// The numbers that `status` shows, of a live queue and of one on disk.

#include <shared_mutex>
#include <utility>

#include "queue_impl.h"
#include "state_keys.h"
#include "store_repair.h"
#include "stored_batch.h"

namespace carbon_spool {
namespace {

using FindBatch = std::function<Result<BatchPtr>(Sequence)>;

/// Null, too, if it cannot be read: a status shows what it can.
BatchPtr find_or_null(const FindBatch& find, Sequence sequence) {
  const auto found = find(sequence);
  return found ? found.value() : nullptr;
}

ReaderStats stats_of(const std::string& name, const ReaderState& reader, const FindBatch& find) {
  ReaderStats stats;
  stats.name = name;
  stats.orphan = reader.orphan;
  stats.received_points = reader.received;
  stats.selective = reader.options.selector != nullptr;
  stats.divided = !reader.shares.empty();
  stats.acknowledged_points = reader.acknowledged;
  stats.routed_elsewhere_points = reader.routed_elsewhere;
  const RangeSet unsent = reader.unsent();
  stats.pending_points = reader.waiting.points();
  stats.unsent_points = unsent.points();
  stats.backlog_points = unsent.intersection({Mark{}, reader.live_from}).points();
  stats.kept_points = reader.kept_points();
  stats.sent_points = reader.sent;
  stats.resent_points = reader.resent;
  stats.dropped_points = reader.dropped;
  stats.takers = reader.takers;
  for (const auto& [sequence, out] : reader.left_out) {
    const std::uint64_t points = out.points();
    stats.pending_points -= points;
    if (unsent.contains(sequence)) {
      stats.unsent_points -= points;
      if (sequence < reader.live_from.sequence) stats.backlog_points -= points;
    }
    stats.routed_elsewhere_points += out.elsewhere;
    if (out.dropped > 0) stats.dropped_points["route"] += out.dropped;
    if (out.poison > 0) stats.dropped_points["poison"] += out.poison;
  }
  stats.unconfirmed_points = stats.pending_points - stats.unsent_points;
  if (reader.last_drop_at != 0) stats.last_drop_at = reader.last_drop_at;
  if (!reader.waiting.empty()) {
    if (const BatchPtr oldest = find_or_null(find, reader.waiting.front().begin.sequence)) {
      stats.oldest_pending_timestamp = oldest->oldest_timestamp();
    }
  }
  if (!unsent.empty()) {
    if (const BatchPtr oldest = find_or_null(find, unsent.front().begin.sequence)) {
      stats.oldest_unsent_accepted_at = oldest->accepted_at();
    }
  }
  return stats;
}

QueueStats stats_of(const Ledger& ledger, const FindBatch& find) {
  QueueStats stats;
  const RangeSet waiting = ledger.waiting();
  stats.points = waiting.points();
  stats.batches = waiting.batches();
  if (!waiting.empty()) {
    if (const BatchPtr oldest = find_or_null(find, waiting.front().begin.sequence)) {
      stats.oldest_timestamp = oldest->oldest_timestamp();
    }
    if (const BatchPtr newest =
            find_or_null(find, Sequence{waiting.back().end.sequence.value - 1})) {
      stats.newest_timestamp = newest->newest_timestamp();
    }
  }
  for (const auto& [name, reader] : ledger.readers()) {
    stats.readers.push_back(stats_of(name, reader, find));
    for (const auto& [reason, points] : reader.dropped) stats.dropped_points += points;
  }
  return stats;
}

}  // namespace

QueueStats QueueImpl::stats() const {
  Ledger ledger;
  std::vector<ProducerStats> producers;
  std::map<std::string, std::string> notes;
  std::string last_error;
  std::uint64_t points_in_memory = 0;
  std::vector<std::string> set_aside;
  {
    const std::lock_guard lock(mutex_);
    ledger = ledger_;
    for (const Producer& producer : producers_)
      producers.push_back({producer.name, producer.accepted});
    for (const auto& [key, text] : notes_) {
      if (!text.empty() && text.size() <= kLongestNoteInStats) notes.emplace(key, text);
    }
    last_error = last_error_;
    points_in_memory = memory_.points();
    set_aside = set_aside_;
  }
  QueueStats stats = stats_of(ledger, [this](Sequence sequence) { return find_batch(sequence); });
  stats.producers = std::move(producers);
  stats.notes = std::move(notes);
  stats.last_error = std::move(last_error);
  stats.points_in_memory = points_in_memory;
  stats.set_aside = std::move(set_aside);
  const std::shared_lock gate(store_gate_);
  if (store_) stats.bytes_on_disk = store_->disk_use();
  return stats;
}

Result<QueueStats> Queue::inspect(const std::string& path) {
  auto store = Store::open_read_only(path);
  if (!store) return store.error();
  auto state = store.value()->read_state();
  if (!state) return state.error();
  if (auto known = check_schema(state.value()); !known) return known.error().in(path);
  RestoredState restored = restore(state.value());
  QueueStats stats = stats_of(restored.ledger, [&](Sequence sequence) {
    return read_stored_batch(*store.value(), sequence);
  });
  for (const auto& [name, accepted] : restored.producers)
    stats.producers.push_back({name, accepted});
  stats.notes = std::move(restored.notes);
  stats.set_aside = set_aside_before(path);
  stats.bytes_on_disk = store.value()->disk_use();
  return stats;
}

}  // namespace carbon_spool
