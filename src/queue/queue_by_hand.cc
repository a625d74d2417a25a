// What a person looks at or decides: walks, purges, positions that are removed or handed over.

#include <shared_mutex>
#include <utility>

#include "carbon_spool/base/log.h"

#include "queue_impl.h"
#include "state_keys.h"
#include "stored_batch.h"

namespace carbon_spool {
namespace {

/// What such a walk goes through.
Result<RangeSet> ranges_of(const Ledger& ledger, const WalkOptions& options) {
  RangeSet ranges;
  bool known = !options.reader;
  for (const auto& [name, reader] : ledger.readers()) {
    if (options.reader && *options.reader != name) continue;
    known = true;
    ranges.insert(reader.waiting);
    if (!options.verify) continue;
    ranges.insert(reader.resending);
    for (const ReaderState::Kept& piece : reader.kept) ranges.insert(piece.ranges);
  }
  if (!known) return Error{"no destination \"" + *options.reader + "\" in the queue"};
  return ranges;
}

class RangeWalk final : public BatchWalk {
 public:
  /// `find` reads a batch; `is_wanted` tells whether one that is not found should be there.
  RangeWalk(RangeSet ranges, std::function<Result<BatchPtr>(Sequence)> find,
            std::function<bool(Sequence)> is_wanted, std::shared_ptr<BatchSelector> selector)
      : ranges_(std::move(ranges)),
        find_(std::move(find)),
        is_wanted_(std::move(is_wanted)),
        selector_(std::move(selector)) {}

  [[nodiscard]] std::optional<Step> next() override {
    while (const auto sequence = ranges_.first_from(at_)) {
      at_ = sequence->next();
      const auto found = find_(*sequence);
      if (found && found.value()) {
        const BatchPtr shown =
            selector_ ? selector_->select(found.value(), {}).batch : found.value();
        if (!shown) continue;
        return Step{*sequence, shown, ""};
      }
      if (!is_wanted_(*sequence)) continue;
      return Step{*sequence, nullptr, found ? "missing or damaged" : found.error().message};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint64_t batches() const override { return ranges_.batches(); }
  [[nodiscard]] std::uint64_t points() const override { return ranges_.points(); }

 private:
  const RangeSet ranges_;
  const std::function<Result<BatchPtr>(Sequence)> find_;
  const std::function<bool(Sequence)> is_wanted_;
  const std::shared_ptr<BatchSelector> selector_;
  Sequence at_;
};

}  // namespace

Result<std::unique_ptr<BatchWalk>> QueueImpl::walk(const WalkOptions& options) const {
  const auto ranges_now = [this, options] {
    const std::lock_guard lock(mutex_);
    return ranges_of(ledger_, options);
  };
  auto ranges = ranges_now();
  if (!ranges) return ranges.error();
  const auto find = [this, options](Sequence sequence) -> Result<BatchPtr> {
    if (!options.verify) return find_batch(sequence);
    {
      const std::lock_guard lock(mutex_);
      if (BatchPtr batch = memory_.find(sequence)) return batch;
    }
    const std::shared_lock gate(store_gate_);
    if (!store_) return Error{"the disk fails"};
    return read_stored_batch(*store_, sequence);
  };
  const auto is_wanted = [ranges_now](Sequence sequence) {
    const auto now = ranges_now();
    return now && now.value().contains(sequence);
  };
  std::shared_ptr<BatchSelector> selector = options.selector;
  if (options.reader && !options.verify && !selector) {
    const std::lock_guard lock(mutex_);
    const auto reader = ledger_.readers().find(*options.reader);
    if (reader != ledger_.readers().end()) selector = reader->second.options.selector;
  }
  return std::unique_ptr<BatchWalk>(
      std::make_unique<RangeWalk>(std::move(ranges.value()), find, is_wanted, std::move(selector)));
}

Result<std::unique_ptr<BatchWalk>> Queue::walk_stopped(const std::string& path,
                                                       const WalkOptions& options) {
  auto opened = Store::open_read_only(path);
  if (!opened) return opened.error();
  const std::shared_ptr<Store> store = std::move(opened.value());
  auto state = store->read_state();
  if (!state) return state.error();
  if (auto known = check_schema(state.value()); !known) return known.error().in(path);
  auto ranges = ranges_of(restore(state.value()).ledger, options);
  if (!ranges) return ranges.error();
  return std::unique_ptr<BatchWalk>(std::make_unique<RangeWalk>(
      std::move(ranges.value()),
      [store](Sequence sequence) { return read_stored_batch(*store, sequence); },
      [](Sequence) { return true; }, options.selector));
}

Result<std::uint64_t> QueueImpl::purge(const std::string& reader,
                                       std::optional<std::int64_t> accepted_before) {
  const std::lock_guard write_lock(write_mutex_);
  RangeSet waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto at = ledger_.readers().find(reader);
    if (at == ledger_.readers().end()) {
      return Error{"no destination \"" + reader + "\" in the queue"};
    }
    waiting = at->second.waiting;
  }
  std::uint64_t points = 0;
  for (Range range : waiting) {
    if (accepted_before) {
      const auto end = boundary(
          range, [&](const Batch& batch) { return batch.accepted_at() >= *accepted_before; });
      if (!end) return end.error();
      range.end = end.value();
    }
    if (range.empty()) continue;
    drop({reader}, range, "purged");
    points += range.points();
  }
  static_cast<void>(remove_unneeded_tables());
  log(LogLevel::Info, "queue: purged by hand: " + std::to_string(points) +
                          " points that waited for \"" + reader + "\"");
  return points;
}

/// With both mutexes held. While the disk fails a position cannot be removed from it.
Result<void> QueueImpl::must_be_unused(const std::string& reader) const {
  if (!writable_) return Error{"the disk fails: " + last_error_};
  if (!ledger_.readers().contains(reader)) {
    return Error{"no destination \"" + reader + "\" in the queue"};
  }
  if (readers_.contains(reader)) return Error{"\"" + reader + "\" is in use: no orphan"};
  return success();
}

Result<void> QueueImpl::forget_reader(const std::string& name) {
  const std::lock_guard write_lock(write_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (auto unused = must_be_unused(name); !unused) return unused;
    ledger_.readers().erase(name);
  }
  forgotten_.insert(name);
  persist(true,
          [&](Store::Write& write) { write.remove_state(std::string(kReaderPrefix) + name); });
  if (writable_) forgotten_.erase(name);
  static_cast<void>(remove_unneeded_tables());
  log(LogLevel::Info, "queue: forgotten by hand: the position of \"" + name + "\"");
  return success();
}

Result<std::uint64_t> QueueImpl::hand_over(const std::string& orphan, const std::string& heir) {
  const std::lock_guard write_lock(write_mutex_);
  std::uint64_t points = 0;
  {
    const std::lock_guard lock(mutex_);
    if (auto unused = must_be_unused(orphan); !unused) return unused.error();
    if (orphan == heir) return Error{"both are \"" + orphan + "\""};
    points = ledger_.hand_over(orphan, heir).points();
    if (points > 0) wake_takers(heir, nullptr);
  }
  forgotten_.insert(orphan);
  persist(true, [&](Store::Write& write) {
    write.remove_state(std::string(kReaderPrefix) + orphan);
    put_position(heir, write);
  });
  if (writable_) forgotten_.erase(orphan);
  static_cast<void>(remove_unneeded_tables());
  log(LogLevel::Info, "queue: " + std::to_string(points) + " points that waited for \"" + orphan +
                          "\" wait for \"" + heir + "\" now");
  return points;
}

}  // namespace carbon_spool
