#include "ledger.h"

#include <utility>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

void ReaderState::receive(const Range& range) {
  as_of = range.end;
  received += range.points();
  waiting.insert(range);
  to_send.insert(range);
}

void ReaderState::miss(const Range& range, const std::string& reason, std::int64_t now) {
  as_of = range.end;
  received += range.points();
  dropped[reason] += range.points();
  last_drop_at = now;
}

RangeSet ReaderState::acknowledge(const RangeSet& ranges) {
  sent_before.erase(ranges);
  RangeSet done = waiting.erase(ranges);
  acknowledged += done.points();
  done.insert(resending.erase(ranges));
  to_send.erase(done);
  if (keep_bytes == 0 || done.empty()) return done;

  kept.push_back(std::move(done));
  std::uint64_t bytes = 0;
  for (const RangeSet& piece : kept) bytes += piece.bytes();
  RangeSet let_go;
  while (bytes - kept.front().bytes() >= keep_bytes) {
    bytes -= kept.front().bytes();
    let_go.insert(kept.front());
    kept.pop_front();
  }
  return let_go;
}

void ReaderState::put_back(const RangeSet& ranges) {
  for (const Range& range : ranges) {
    RangeSet again = waiting.intersection(range);
    again.insert(resending.intersection(range));
    to_send.insert(again);
    sent_before.insert(again);
  }
}

void ReaderState::resend_kept() {
  for (const RangeSet& piece : kept) {
    resending.insert(piece);
    to_send.insert(piece);
    sent_before.insert(piece);
  }
  kept.clear();
}

void ReaderState::drop(const Range& range, const std::string& reason, std::int64_t now) {
  const std::uint64_t points = waiting.erase(range).points();
  to_send.erase(range);
  sent_before.erase(range);
  resending.erase(range);
  for (RangeSet& piece : kept) piece.erase(range);
  if (points == 0) return;
  dropped[reason] += points;
  last_drop_at = now;
}

void ReaderState::forget_kept() {
  kept.clear();
  for (const Range& range : resending) {
    to_send.erase(range);
    sent_before.erase(range);
  }
  resending.clear();
}

bool ReaderState::needs(Sequence first, Sequence last) const {
  if (waiting.touches(first, last) || resending.touches(first, last)) return true;
  for (const RangeSet& piece : kept) {
    if (piece.touches(first, last)) return true;
  }
  return false;
}

void Ledger::restore(const std::string& name, ReaderState state) {
  CS_ASSERT(state.as_of.sequence <= end_.sequence);
  state.to_send = state.waiting;
  state.receive({state.as_of, end_});
  readers_[name] = std::move(state);
}

ReaderState& Ledger::adopt(const std::string& name, const ReaderOptions& options) {
  auto at = readers_.find(name);
  if (at == readers_.end()) {
    ReaderState fresh;
    fresh.as_of = end_;
    if (options.start == ReaderStart::Oldest) {
      fresh.waiting = waiting();
      fresh.to_send = fresh.waiting;
      fresh.received = fresh.waiting.points();
    }
    at = readers_.emplace(name, std::move(fresh)).first;
  }
  at->second.orphan = false;
  at->second.keep_bytes = options.keep_acknowledged_bytes;
  return at->second;
}

RangeSet Ledger::unneeded(RangeSet ranges) const {
  for (const auto& [name, reader] : readers_) {
    ranges.erase(reader.waiting);
    ranges.erase(reader.resending);
    for (const RangeSet& piece : reader.kept) ranges.erase(piece);
  }
  return ranges;
}

bool Ledger::needed(Sequence first, Sequence last) const {
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
