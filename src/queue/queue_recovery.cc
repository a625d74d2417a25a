// What an earlier run left: read, repaired where it is damaged, and never thrown away.

#include <utility>

#include "carbon_spool/base/log.h"

#include "queue_impl.h"
#include "state_keys.h"
#include "stored_batch.h"

namespace carbon_spool {
namespace {

/// Every batch that can be read. Looks at all of them.
RangeSet readable_batches(const Store& store) {
  RangeSet readable;
  for (const TableFile& table : store.tables()) {
    for (Sequence at = table.first; at <= table.last; at = at.next()) {
      const auto found = read_stored_batch(store, at);
      if (found && found.value()) readable.insert(found.value()->range());
    }
  }
  return readable;
}

}  // namespace

Result<void> check_schema(const std::map<std::string, std::string>& state) {
  const auto at = state.find(std::string(kSchemaKey));
  if (at == state.end() || at->second == kSchema || at->second == kSchemaBeforeShrinking) {
    return success();
  }
  return Error{std::string(Store::kNewer) + ": schema " + at->second + ", this one knows " +
               std::string(kSchema)};
}

RestoredState restore(const std::map<std::string, std::string>& state, const Mark& least_end) {
  RestoredState restored;
  Mark end = std::max(restored.ledger.end(), least_end, is_earlier);
  if (const auto log = state.find(std::string(kLogKey)); log != state.end()) {
    if (const auto mark = decode_mark(log->second)) end = std::max(end, mark.value(), is_earlier);
  }
  std::map<std::string, ReaderState> readers;
  const auto ended = state.find(std::string(kEndedInOrderKey));
  restored.ended_in_order = ended == state.end() || ended->second == "1";
  for (const auto& [key, value] : state) {
    if (key.starts_with(kReaderPrefix)) {
      const std::string name = key.substr(kReaderPrefix.size());
      if (auto reader = ReaderState::decode(value)) {
        end = std::max(end, reader.value().as_of, is_earlier);
        readers[name] = std::move(reader.value());
      } else {
        restored.lost_positions.push_back(name);
      }
    } else if (key.starts_with(kProducerPrefix)) {
      restored.producers[key.substr(kProducerPrefix.size())] =
          std::strtoull(value.c_str(), nullptr, 10);
    } else if (key.starts_with(kNotePrefix)) {
      restored.notes[key.substr(kNotePrefix.size())] = value;
    }
  }
  restored.ledger.set_end(end);
  for (auto& [name, reader] : readers) restored.ledger.restore(name, std::move(reader));
  return restored;
}

/// Opens what is there; if that is damaged, what can be put together from it; if that fails too, or
/// if it is of a newer program, a new one. Fails if somebody else has it or if the disk fails.
Result<OpenedStore> QueueImpl::open_store() {
  OpenedStore opened;
  opened.damage.before = set_aside_before(options_.path);
  enum class Remedy { OpenAgain, Repair, SetAside };
  bool is_newer = false;
  Result<void> done = open_as_it_is(opened, is_newer);
  for (const Remedy remedy : {Remedy::OpenAgain, Remedy::Repair, Remedy::SetAside}) {
    if (done) break;
    const Error error = done.error();
    if (error.message.ends_with(Store::kInUse) || disk_fails(error)) break;
    switch (remedy) {
      case Remedy::OpenAgain:
        done = open_as_it_is(opened, is_newer);
        break;
      case Remedy::Repair:
        if (is_newer) continue;
        done = repair_store(ground_.disk, options_.path, error.message, opened.damage);
        if (done) done = open_files(opened, is_newer);
        break;
      case Remedy::SetAside:
        done = set_store_aside(ground_.disk, options_.path, error.message, opened.damage);
        if (done) done = open_files(opened, is_newer);
        break;
    }
  }
  if (!done) {
    for (const std::string& each : opened.damage.set_aside) log(LogLevel::Error, "queue: " + each);
    return done.error();
  }
  opened_in_vain_ = 0;
  return opened;
}

Result<void> QueueImpl::open_as_it_is(OpenedStore& opened, bool& is_newer) {
  if (auto head = check_head(options_.path); !head) return head;
  // RocksDB would take a log that the disk does not give for damaged, and remove it.
  if (opened_in_vain_ < kReadAttempts) {
    if (auto read = try_to_read(ground_.disk, options_.path, ".log"); !read) return read;
  }
  return open_files(opened, is_newer);
}

Result<void> QueueImpl::open_files(OpenedStore& opened, bool& is_newer) {
  KeptWriteAheadLog kept(options_.path);
  auto store = Store::open(
      options_.path, sizes_,
      [this] {
        const std::lock_guard lock(mutex_);
        tables_to_remove_ = true;
        upkeep_wanted_.notify_all();
      },
      ground_.disk);
  if (!store) {
    is_newer = store.error().message.find(Store::kNewer) != std::string::npos;
    return store.error();
  }
  auto state = store.value()->read_state();
  if (!state) return state.error();
  if (auto known = check_schema(state.value()); !known) {
    is_newer = true;
    return known;
  }
  if (store.value()->bytes_skipped() > 0) kept.keep(store.value()->bytes_skipped(), opened.damage);
  opened.store = std::move(store.value());
  opened.state = std::move(state.value());
  return success();
}

/// Asked when the store could not be opened: is it the disk? What it does not give for a whole
/// minute counts as lost with the place where it was.
bool QueueImpl::disk_fails(const Error& why) {
  if (!disk_is_writable(ground_.disk, options_.path)) return true;
  // Reading all of it takes long, so it is the last thing to ask.
  if (Store::blames_the_disk(why) && opened_in_vain_ < kReadAttempts) {
    ++opened_in_vain_;
    return true;
  }
  if (try_to_read(ground_.disk, options_.path)) return Store::blames_the_disk(why);
  if (opened_in_vain_ >= kReadAttempts) return false;
  ++opened_in_vain_;
  return true;
}

/// The state as it was stored, put right where batches or positions were lost. Tells what was set
/// aside.
RestoredState QueueImpl::recover_state(const OpenedStore& opened) {
  RestoredState restored = restore(opened.state);
  const bool incomplete = opened.damage.repaired || !restored.lost_positions.empty();
  RangeSet readable;
  if (incomplete) {
    readable = readable_batches(*store_);
    if (!readable.empty()) restored = restore(opened.state, readable.back().end);
    for (const std::string& name : restored.lost_positions) {
      restored.ledger.restore_lost(name, readable);
    }
    restored.ledger.begin_unknown_readers_with(std::move(readable));
    ticks_until_positions_are_settled_ = kTicksUntilPositionsAreSettled;
  }
  const std::lock_guard lock(mutex_);
  set_aside_ = opened.damage.before;
  for (const std::string& each : opened.damage.set_aside) {
    log(LogLevel::Error, "queue: " + each);
    set_aside_.push_back(each);
  }
  for (const std::string& name : restored.lost_positions) {
    const std::string sentence =
        "the position of " + name + " could not be read: it begins with everything that is there";
    log(LogLevel::Error, "queue: " + sentence);
    set_aside_.push_back(sentence);
  }
  return restored;
}

/// A table with a batch that cannot be read stays at hand when the queue has no use for it any
/// more.
void QueueImpl::keep_damaged_table(Sequence sequence) {
  for (const TableFile& table : store_->tables()) {
    if (sequence < table.first || table.last < sequence) continue;
    if (!damaged_tables_.insert(table.name).second) return;
    const auto kept = keep_table_aside(options_.path, table.name);
    const std::string sentence =
        "batch " + std::to_string(sequence.value) + " cannot be read; its table " +
        (kept ? "is kept as " + kept.value() : "could not be kept: " + kept.error().message);
    log(LogLevel::Error, "queue: " + sentence);
    const std::lock_guard lock(mutex_);
    set_aside_.push_back(sentence);
    return;
  }
}

}  // namespace carbon_spool
