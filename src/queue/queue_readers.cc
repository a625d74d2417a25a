// Readers: what is taken, confirmed, put back.

#include <algorithm>
#include <shared_mutex>
#include <utility>

#include "carbon_spool/base/assert.h"

#include "durable_files.h"
#include "queue_impl.h"
#include "state_keys.h"
#include "stored_batch.h"

namespace carbon_spool {
namespace {

/// Batches to try behind one that cannot be read.
constexpr unsigned kLookAhead = 64;
/// Batches in which nothing is for a reader, until its position is written down. The upkeep does it
/// each second, too.
constexpr unsigned kMostPassedOver = 64;

}  // namespace

Reader& QueueImpl::add_reader(const std::string& name, const ReaderOptions& options) {
  const std::lock_guard write_lock(write_mutex_);
  Reader* reader = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto [hands, is_new] = readers_.try_emplace(name);
    CS_ASSERT(is_new);
    auto divided = std::make_shared<std::atomic<bool>>(options.division.always);
    auto made = std::make_unique<ReaderImpl>(*this, name, "", std::move(divided));
    reader = hands->second.emplace("", std::move(made)).first->second.get();
    ledger_.adopt(name, options).begin_live();
  }
  persist(false, [&](Store::Write& write) { put_position(name, write); });
  return *reader;
}

Reader& QueueImpl::add_taker(const std::string& reader, const std::string& taker,
                             std::shared_ptr<BatchSelector> selector) {
  const std::lock_guard lock(mutex_);
  auto& hands = readers_.at(reader);
  std::unique_ptr<ReaderImpl>& hand = hands[taker];
  if (!hand) hand = std::make_unique<ReaderImpl>(*this, reader, taker, hands.at("")->divided_);
  hand->selector_ = std::move(selector);
  return *hand;
}

void QueueImpl::release_reader(const std::string& name) {
  const std::lock_guard write_lock(write_mutex_);
  RangeSet let_go;
  {
    const std::lock_guard lock(mutex_);
    CS_ASSERT(readers_.erase(name) == 1);
    let_go = ledger_.release(name);
  }
  release(name, let_go);
}

ReaderState& ReaderImpl::state() const {
  return queue_.ledger_.readers().at(name_);
}

void ReaderImpl::begin_live() {
  const std::lock_guard lock(queue_.mutex_);
  state().begin_live();
}

std::optional<Reader::Taken> ReaderImpl::take(Part part, Share share) {
  while (true) {
    Sequence sequence;
    std::shared_ptr<BatchSelector> selector;
    bool too_much_passed_over = false;
    {
      const std::lock_guard lock(queue_.mutex_);
      const auto next = state().next(part, share);
      if (!next) return std::nullopt;
      sequence = *next;
      selector = taker_.empty() ? state().options.selector : selector_;
      too_much_passed_over = state().passed_over.batches() >= kMostPassedOver;
    }
    if (too_much_passed_over) {
      const std::lock_guard write_lock(queue_.write_mutex_);
      queue_.let_go_passed_over(name_);
    }
    const auto found = queue_.find_batch(sequence);
    if (!found) {
      queue_.note_error(found.error());
      // The disk: it may be well again later. Or it is only this place of it, for good.
      Unreadable& unreadable = unreadable_[{part, share}];
      if (unreadable.sequence != sequence) unreadable = {sequence, 0};
      const bool given_up = ++unreadable.attempts >= QueueImpl::kReadAttempts &&
                            queue_.drop_unreadable(name_, sequence, share, true);
      if (!given_up) return std::nullopt;
      continue;
    }
    const BatchPtr& batch = found.value();
    if (!batch) {
      if (!queue_.drop_unreadable(name_, sequence, share, false)) return std::nullopt;
      continue;
    }
    BatchSelector::Selected selected;
    if (batch->points() > 0) selected.batch = batch;
    if (selector && selected.batch) selected = selector->select(batch, share);
    ReaderState::LeftOut out;
    out.dropped = selected.dropped + batch->dropped_by_routes();
    out.elsewhere = batch->range().points() - out.dropped - selected.in_other_shares -
                    (selected.batch ? selected.batch->points() : 0);
    const std::lock_guard lock(queue_.mutex_);
    ReaderState& reader = state();
    const RangeSet* const unsent = reader.unsent_of(share);
    // Dropped, or taken by another hand, while it was read.
    if (unsent == nullptr || !unsent->contains(sequence)) continue;
    if (!selected.batch) {
      reader.pass_over(batch->range(), out, queue_.clock_.unix_milliseconds(), share);
      continue;
    }
    const bool sent_before = reader.was_sent_before(sequence, share);
    reader.take(*selected.batch, out, share);
    count_taken(*selected.batch, share);
    return Taken{selected.batch, sent_before};
  }
}

/// With the queue's mutex_ held.
void ReaderImpl::count_taken(const Batch& batch, Share share) {
  if (taker_.empty()) return;
  state().takers[taker_].sent_points += batch.points();
  taken_[share][batch.range().begin.sequence] = batch.points();
}

/// With the queue's mutex_ held.
void ReaderImpl::count_acknowledged(const RangeSet& ranges, Share share) {
  if (taker_.empty()) return;
  auto& taken = taken_[share];
  for (const Range& range : ranges) {
    const auto first = taken.lower_bound(range.begin.sequence);
    const auto last = taken.lower_bound(range.end.sequence);
    for (auto at = first; at != last; ++at) {
      state().takers[taker_].acknowledged_points += at->second;
    }
    taken.erase(first, last);
  }
}

void QueueImpl::let_go_passed_over(const std::string& reader) {
  RangeSet passed_over;
  {
    const std::lock_guard lock(mutex_);
    passed_over = std::exchange(ledger_.readers().at(reader).passed_over, RangeSet());
  }
  if (!passed_over.empty()) release(reader, passed_over);
}

bool ReaderImpl::has_unsent(Part part, Share share) const {
  if (share.has_value() != is_divided()) return false;
  const std::lock_guard lock(queue_.mutex_);
  return state().next(part, share).has_value();
}

void ReaderImpl::on_unsent(std::function<void()> wake) {
  bell_->connect(std::move(wake));
  const auto waits = [this] {
    const std::lock_guard lock(queue_.mutex_);
    return !state().to_send.empty();
  };
  if (waits()) bell_->ring();
}

void ReaderImpl::acknowledge(const RangeSet& ranges, Share share) {
  if (ranges.empty()) return;
  const std::lock_guard write_lock(queue_.write_mutex_);
  RangeSet let_go;
  {
    const std::lock_guard lock(queue_.mutex_);
    count_acknowledged(ranges, share);
    let_go = state().acknowledge(ranges, queue_.clock_.unix_milliseconds(), share);
  }
  queue_.release(name_, let_go);
}

void ReaderImpl::put_back(const RangeSet& ranges, Share share) {
  const std::lock_guard lock(queue_.mutex_);
  state().put_back(ranges, share);
  if (!taker_.empty()) {
    auto& taken = taken_[share];
    for (const Range& range : ranges) {
      taken.erase(taken.lower_bound(range.begin.sequence), taken.lower_bound(range.end.sequence));
    }
  }
  queue_.wake_takers(name_, this);
}

void ReaderImpl::divide(bool divided) {
  const std::lock_guard lock(queue_.mutex_);
  const Division& how = state().options.division;
  if (how.shares == 0 || how.always || divided == is_divided()) return;
  divide_state(divided);
  queue_.wake_takers(name_, nullptr);
}

/// With the queue's mutex_ held.
void ReaderImpl::divide_state(bool divided) {
  state().divide(divided ? state().options.division.shares : 0);
  divided_->store(divided);
}

void ReaderImpl::resend_kept() {
  const std::lock_guard lock(queue_.mutex_);
  state().resend_kept();
  queue_.wake_takers(name_, this);
}

void ReaderImpl::change_options(const ReaderOptions& options) {
  const std::lock_guard lock(queue_.mutex_);
  const bool divides_anew = state().options.division != options.division;
  state().options = options;
  if (divides_anew) divide_state(options.division.always);
  queue_.upkeep_wanted_.notify_all();
}

void ReaderImpl::acknowledge_without(const Range& range, const std::vector<std::string>& lines,
                                     Share share) {
  if (auto kept = set_aside(lines); !kept) queue_.note_error(kept.error());
  const std::lock_guard write_lock(queue_.write_mutex_);
  RangeSet let_go;
  RangeSet whole;
  whole.insert(range);
  {
    const std::lock_guard lock(queue_.mutex_);
    ReaderState& reader = state();
    count_acknowledged(whole, share);
    reader.note_poison(range.begin.sequence, lines.size(), queue_.clock_.unix_seconds());
    let_go = reader.acknowledge(whole, queue_.clock_.unix_milliseconds(), share);
  }
  queue_.release(name_, let_go);
}

/// Appends the lines to `<queue>/set-aside/<reader>.lines`, where a person finds them: for good,
/// before the queue lets go of them.
Result<void> ReaderImpl::set_aside(const std::vector<std::string>& lines) const {
  std::string folder;
  {
    const std::lock_guard lock(queue_.mutex_);
    folder = queue_.options_.path + "/set-aside";
  }
  if (auto made = make_folder(queue_.ground_.disk, folder); !made) return made;
  std::string text;
  for (const std::string& line : lines) text += line.ends_with('\n') ? line : line + '\n';
  return append_to_file(queue_.ground_.disk, folder + "/" + name_ + ".lines", text);
}

/// With mutex_ held: whom to wake when something is to be taken where there was nothing, or when
/// others may take it now. What is divided at times is its own hand's alone while it is whole:
/// those that would take shares sleep on.
void QueueImpl::add_bells(const std::string& reader, const ReaderImpl* but,
                          std::vector<BellPtr>& to) const {
  const auto hands = readers_.find(reader);
  if (hands == readers_.end()) return;
  const ReaderState& state = ledger_.readers().at(reader);
  const bool own_only = state.shares.empty() && state.options.division.shares > 0;
  for (const auto& [taker, hand] : hands->second) {
    if (own_only && !taker.empty()) continue;
    if (hand.get() != but) to.push_back(hand->bell_);
  }
}

void QueueImpl::wake_takers(const std::string& reader, const ReaderImpl* but) const {
  std::vector<BellPtr> bells;
  add_bells(reader, but, bells);
  for (const BellPtr& bell : bells) bell->ring();
}

/// Writes a reader's new position down, together with the removal of what nobody needs any more of
/// what it let go.
void QueueImpl::release(const std::string& reader, const RangeSet& ranges) {
  RangeSet unneeded;
  {
    const std::lock_guard lock(mutex_);
    unneeded = ledger_.unneeded(ranges);
  }
  bool some_in_tables = false;
  persist(false, [&](Store::Write& write) {
    put_position(reader, write);
    for (const Range& range : unneeded) {
      for (Sequence at = range.begin.sequence; at < range.end.sequence; at = at.next()) {
        if (store_->is_gathering(at)) {
          write.remove_batch(at);
        } else {
          some_in_tables = true;
        }
      }
    }
  });
  if (writable_) {
    if (auto sealed = store_->seal_if_due(ledger_.end().sequence); !sealed) {
      begin_outage(sealed.error());
    }
  }
  const std::lock_guard lock(mutex_);
  has_unsynced();
  if (some_in_tables) {
    tables_to_remove_ = true;
    upkeep_wanted_.notify_all();
  }
}

void QueueImpl::put_position(const std::string& name, Store::Write& write) const {
  const std::lock_guard lock(mutex_);
  write.put_state(std::string(kReaderPrefix) + name, ledger_.readers().at(name).encode());
}

void QueueImpl::put_positions(Store::Write& write) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, reader] : ledger_.readers()) {
    write.put_state(std::string(kReaderPrefix) + name, reader.encode());
  }
}

/// Null if it is gone or damaged; fails if the disk cannot be read.
Result<BatchPtr> QueueImpl::find_batch(Sequence sequence) const {
  {
    const std::lock_guard lock(mutex_);
    if (BatchPtr batch = newest_.find(sequence)) return batch;
    if (BatchPtr batch = memory_.find(sequence)) return batch;
  }
  const std::shared_lock gate(store_gate_);
  if (!store_) return Error{"the disk fails"};
  return read_stored_batch(*store_, sequence);
}

/// The batch could not be read. Either the cap took it a moment ago, or it is damaged: then all up
/// to the next batch that can be read is lost to this reader, and counted. `is_there`: the disk
/// cannot read it; that counts as damage only if it can read a later one. False: nothing changed,
/// the disk is to be tried again.
bool QueueImpl::drop_unreadable(const std::string& reader, Sequence sequence, Share share,
                                bool is_there) {
  const std::lock_guard write_lock(write_mutex_);
  Range lost;
  {
    const std::lock_guard lock(mutex_);
    const ReaderState& state = ledger_.readers().at(reader);
    const RangeSet* const unsent = state.unsent_of(share);
    if (unsent == nullptr) return true;
    const auto within = std::find_if(unsent->begin(), unsent->end(), [&](const Range& range) {
      return range.begin.sequence <= sequence && sequence < range.end.sequence;
    });
    if (within == unsent->end()) return true;
    lost = *within;
    if (state.live_from.sequence == sequence) lost.begin = state.live_from;
    // Meanwhile another hand has put back what is before it: that is next, and can be read.
    if (lost.begin.sequence != sequence) return true;
  }
  if (store_) keep_damaged_table(sequence);
  bool can_read = !is_there;
  unsigned failures = 0;
  for (Sequence at = sequence; at < lost.end.sequence; at = at.next()) {
    const auto next = find_batch(at);
    if (!next) {
      note_error(next.error());
      if (!is_there || ++failures == kLookAhead) return false;
      continue;
    }
    can_read = true;
    if (!next.value()) continue;
    lost.end = next.value()->range().begin;
    break;
  }
  if (can_read) drop({reader}, lost, "damaged");
  return can_read;
}

}  // namespace carbon_spool
