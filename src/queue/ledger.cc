#include "ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

constexpr int kKeptPieces = 32;
/// Every gap makes a position longer, which is written at each acknowledgement.
constexpr std::size_t kMostGaps = 64;

}  // namespace

void ReaderState::receive(const Range& range) {
  as_of = range.end;
  received += range.points();
  waiting.insert(range);
  to_send.insert(range);
  for (ShareState& each : shares) each.to_send.insert(range);
}

void ReaderState::miss(const Range& range, const std::string& reason, std::int64_t now_seconds) {
  as_of = range.end;
  received += range.points();
  dropped[reason] += range.points();
  last_drop_at = now_seconds;
}

RangeSet ReaderState::acknowledge(const RangeSet& ranges, std::int64_t now, Share share) {
  if (share) return acknowledge(finish_share(ranges, *share), now);
  RangeSet done = waiting.erase(ranges);
  acknowledged += done.points() - settle_left_out(done);
  done.insert(resending.erase(ranges));
  for (const Range& range : ranges) forget_sending(range);
  const std::int64_t keep_for = options.keep_acknowledged_for.count();
  if ((keep_for == 0 && options.keep_acknowledged_bytes == 0) || done.empty()) return done;

  // Let go in few pieces, so that a position stays small.
  const std::int64_t slot = std::max<std::int64_t>(keep_for / kKeptPieces, 1);
  const std::int64_t until = keep_for == 0 ? 0 : now + keep_for + slot - now % slot;
  const bool joins =
      !kept.empty() &&
      (keep_for > 0 ? kept.back().until >= until
                    : kept.back().ranges.bytes() < options.keep_acknowledged_bytes / kKeptPieces);
  if (!joins) kept.push_back({{}, until});
  kept.back().ranges.insert(done);
  return expire_kept(now);
}

RangeSet ReaderState::expire_kept(std::int64_t now) {
  std::uint64_t bytes = 0;
  for (const Kept& piece : kept) bytes += piece.ranges.bytes();
  RangeSet let_go;
  while (!kept.empty() && kept.front().until <= now &&
         bytes - kept.front().ranges.bytes() >= options.keep_acknowledged_bytes) {
    bytes -= kept.front().ranges.bytes();
    let_go.insert(kept.front().ranges);
    kept.pop_front();
  }
  return let_go;
}

void ReaderState::put_back(const RangeSet& ranges, Share share) {
  // What was taken before it was divided, or made whole, is to be sent already.
  if (share.has_value() == shares.empty()) return;
  for (const Range& range : ranges) {
    RangeSet again = waiting.intersection(range);
    again.insert(resending.intersection(range));
    to_send.insert(again);
    sent_before.insert(again);
    if (!share) continue;
    shares[*share].to_send.insert(again);
    shares[*share].sent_before.insert(again);
  }
}

void ReaderState::take(const Batch& batch, const LeftOut& out, Share share) {
  const Range& range = batch.range();
  const bool again = was_sent_before(range.begin.sequence, share);
  forget_unsent(range, share);
  sent += batch.points();
  if (again) resent += batch.points();
  note_left_out(range.begin.sequence, out);
}

void ReaderState::pass_over(const Range& range, const LeftOut& out, std::int64_t now, Share share) {
  if (share) {
    note_left_out(range.begin.sequence, out);
    forget_unsent(range, share);
    RangeSet passed;
    passed.insert(range);
    passed_over.insert(acknowledge(passed, now, share));
    return;
  }
  left_out.erase(range.begin.sequence);
  if (!waiting.erase(range).empty()) count_left_out(out);
  forget_sending(range);
  resending.erase(range);
  passed_over.insert(range);
}

void ReaderState::count_left_out(const LeftOut& out) {
  routed_elsewhere += out.elsewhere;
  if (out.dropped > 0) dropped["route"] += out.dropped;
  if (out.poison > 0) dropped["poison"] += out.poison;
}

std::uint64_t ReaderState::settle_left_out(const RangeSet& ranges) {
  std::uint64_t points = 0;
  for (const Range& range : ranges) {
    const auto last = left_out.lower_bound(range.end.sequence);
    for (auto at = left_out.lower_bound(range.begin.sequence); at != last; ++at) {
      count_left_out(at->second);
      points += at->second.points();
    }
    forget_left_out(range);
  }
  return points;
}

/// It may have been decided otherwise before, for another share of it, too.
void ReaderState::note_left_out(Sequence sequence, const LeftOut& out) {
  if (!waiting.contains(sequence)) return;
  LeftOut noted = out;
  if (const auto before = left_out.find(sequence); before != left_out.end()) {
    noted.poison += before->second.poison;
  }
  left_out.erase(sequence);
  if (noted.points() > 0) left_out[sequence] = noted;
}

void ReaderState::note_poison(Sequence sequence, std::uint64_t points, std::int64_t now_seconds) {
  if (!waiting.contains(sequence)) return;
  left_out[sequence].poison += points;
  last_drop_at = now_seconds;
}

void ReaderState::forget_left_out(const Range& range) {
  left_out.erase(left_out.lower_bound(range.begin.sequence),
                 left_out.lower_bound(range.end.sequence));
}

void ReaderState::begin_live() {
  // Each beginning leaves a gap in what waits, and a position must stay small.
  if (most_gaps() < kMostGaps) live_from = as_of;
}

const RangeSet* ReaderState::unsent_of(Share share) const {
  if (!share) return shares.empty() ? &to_send : nullptr;
  return *share < shares.size() ? &shares[*share].to_send : nullptr;
}

std::optional<Sequence> ReaderState::next(Part part, Share share) const {
  const RangeSet* const unsent = unsent_of(share);
  if (unsent == nullptr) return std::nullopt;
  if (part == Part::Live) return unsent->first_from(live_from.sequence);
  if (unsent->empty() || unsent->front().begin.sequence >= live_from.sequence) return std::nullopt;
  return unsent->front().begin.sequence;
}

RangeSet ReaderState::unsent() const {
  RangeSet unsent;
  for (const Range& range : to_send) unsent.insert(waiting.intersection(range));
  return unsent;
}

void ReaderState::resend_kept() {
  for (const Kept& piece : kept) {
    resending.insert(piece.ranges);
    want(piece.ranges);
    sent_before.insert(piece.ranges);
    for (ShareState& each : shares) each.sent_before.insert(piece.ranges);
  }
  kept.clear();
  begin_live();
}

void ReaderState::drop(const Range& range, const std::string& reason, std::int64_t now_seconds) {
  RangeSet lost = waiting.erase(range);
  RangeSet unread;
  if (options.selector) {
    for (const Range& each : lost) unread.insert(to_send.intersection(each));
    unread.erase(sent_before);
    lost.erase(unread);
    // A share of them may have been looked at.
    for (const Range& each : unread) forget_left_out(each);
  }
  forget_sending(range);
  resending.erase(range);
  for (Kept& piece : kept) piece.ranges.erase(range);
  const std::uint64_t points = lost.points() - settle_left_out(lost);
  if (points > 0) dropped[reason] += points;
  if (!unread.empty()) dropped[reason + "_unread"] += unread.points();
  if (points > 0 || !unread.empty()) last_drop_at = now_seconds;
}

void ReaderState::forget_kept() {
  kept.clear();
  for (const Range& range : resending) forget_sending(range);
  resending.clear();
}

std::uint64_t ReaderState::kept_points() const {
  std::uint64_t points = resending.points();
  for (const Kept& piece : kept) points += piece.ranges.points();
  return points;
}

bool ReaderState::needs(Sequence first, Sequence last) const {
  if (waiting.touches(first, last) || resending.touches(first, last)) return true;
  if (passed_over.touches(first, last)) return true;
  for (const Kept& piece : kept) {
    if (piece.ranges.touches(first, last)) return true;
  }
  return false;
}

void Ledger::restore(const std::string& name, ReaderState state) {
  CS_ASSERT(state.as_of.sequence <= end_.sequence);
  state.to_send = state.waiting;
  state.to_send.insert(state.resending);
  state.sent_before = state.resending;
  state.receive({state.as_of, end_});
  state.live_from = end_;
  readers_[name] = std::move(state);
}

ReaderState& Ledger::adopt(const std::string& name, const ReaderOptions& options) {
  auto at = readers_.find(name);
  if (at == readers_.end()) {
    ReaderState fresh;
    fresh.as_of = end_;
    fresh.began = end_;
    fresh.live_from = end_;
    if (!readable_.empty()) {
      restore_lost(name, readable_);
      fresh = readers_.at(name);
    } else if (options.start == ReaderStart::Oldest) {
      fresh.waiting = waiting();
      fresh.to_send = fresh.waiting;
      fresh.received = fresh.waiting.points();
      if (!fresh.waiting.empty()) fresh.began = fresh.waiting.front().begin;
    }
    at = readers_.insert_or_assign(name, std::move(fresh)).first;
  }
  at->second.orphan = false;
  at->second.options = options;
  at->second.divide(options.division.always ? options.division.shares : 0);
  return at->second;
}

void Ledger::restore_lost(const std::string& name, const RangeSet& readable) {
  ReaderState state;
  state.as_of = end_;
  state.began = readable.empty() ? end_ : readable.front().begin;
  state.live_from = end_;
  state.waiting = readable;
  state.to_send = readable;
  state.received = readable.points();
  for (auto at = readable.begin(); at != readable.end(); ++at) {
    const Mark& next = std::next(at) == readable.end() ? end_ : std::next(at)->begin;
    const std::uint64_t missing = next.points - at->end.points;
    // Totals begin anew where a queue began without its disk.
    if (next.points < at->end.points || missing == 0) continue;
    state.received += missing;
    state.dropped["damaged"] += missing;
  }
  readers_[name] = std::move(state);
}

RangeSet Ledger::release(const std::string& name) {
  ReaderState& reader = readers_.at(name);
  reader.divide(0);
  RangeSet kept = reader.resending;
  for (const ReaderState::Kept& piece : reader.kept) kept.insert(piece.ranges);
  reader.forget_kept();
  reader.orphan = true;
  reader.options = {};
  return kept;
}

RangeSet Ledger::hand_over(const std::string& orphan, const std::string& heir) {
  auto node = readers_.extract(orphan);
  RangeSet waited = node.mapped().waiting;
  const auto found = readers_.find(heir);
  if (found == readers_.end()) {
    node.key() = heir;
    readers_.insert(std::move(node));
    return waited;
  }
  ReaderState& reader = found->second;
  RangeSet given = waited;
  if (reader.began.sequence.value > 0) given = waited.intersection({Mark{}, reader.began});
  given.erase(reader.waiting);
  given.erase(reader.resending);
  for (const ReaderState::Kept& piece : reader.kept) given.erase(piece.ranges);
  reader.waiting.insert(given);
  reader.want(given);
  reader.received += given.points();
  return given;
}

void Ledger::put_in_front(Ledger&& earlier, const Mark& begin) {
  for (auto& [name, before] : earlier.readers_) {
    const auto found = readers_.find(name);
    if (found == readers_.end()) {
      before.receive({begin, end_});
      readers_[name] = std::move(before);
      continue;
    }
    ReaderState& reader = found->second;
    reader.began = before.began;
    reader.waiting.insert(before.waiting);
    reader.resending.insert(before.resending);
    reader.want(before.to_send);
    reader.sent_before.insert(before.sent_before);
    reader.kept.insert(reader.kept.begin(), before.kept.begin(), before.kept.end());
    reader.received += before.received;
    reader.acknowledged += before.acknowledged;
    reader.routed_elsewhere += before.routed_elsewhere;
    reader.sent += before.sent;
    reader.resent += before.resent;
    for (const auto& [reason, points] : before.dropped) reader.dropped[reason] += points;
    for (const auto& [taker, did] : before.takers) {
      reader.takers[taker].sent_points += did.sent_points;
      reader.takers[taker].acknowledged_points += did.acknowledged_points;
    }
    reader.last_drop_at = std::max(reader.last_drop_at, before.last_drop_at);
  }
}

RangeSet Ledger::unneeded(RangeSet ranges) const {
  ranges.erase(readable_);
  for (const auto& [name, reader] : readers_) {
    ranges.erase(reader.waiting);
    ranges.erase(reader.resending);
    ranges.erase(reader.passed_over);
    for (const ReaderState::Kept& piece : reader.kept) ranges.erase(piece.ranges);
  }
  return ranges;
}

bool Ledger::needed(Sequence first, Sequence last) const {
  if (readable_.touches(first, last)) return true;
  for (const auto& [name, reader] : readers_) {
    if (reader.needs(first, last)) return true;
  }
  return false;
}

RangeSet Ledger::waiting() const {
  RangeSet all;
  for (const auto& [name, reader] : readers_) all.insert(reader.waiting);
  return all;
}

}  // namespace carbon_spool
