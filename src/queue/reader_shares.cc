// A reader that is divided: each share sends its part of every batch at its own pace, and a batch
// is done once all of them are.

#include <algorithm>

#include "ledger.h"

namespace carbon_spool {
namespace {

RangeSet intersection(const RangeSet& some, const RangeSet& others) {
  RangeSet both;
  for (const Range& range : some) both.insert(others.intersection(range));
  return both;
}

}  // namespace

void ReaderState::divide(std::size_t into) {
  RangeSet all = waiting;
  all.insert(resending);
  const auto add_sent = [&](const RangeSet& unsent) {
    RangeSet taken = all;
    taken.erase(unsent);
    sent_before.insert(taken);
  };
  if (shares.empty()) add_sent(to_send);
  for (const ShareState& each : shares) add_sent(each.to_send);
  shares.assign(into, {all, sent_before, {}});
  to_send = std::move(all);
}

void ReaderState::want(const RangeSet& ranges) {
  to_send.insert(ranges);
  for (ShareState& each : shares) {
    each.to_send.insert(ranges);
    each.done.erase(ranges);
  }
}

void ReaderState::forget_sending(const Range& range) {
  to_send.erase(range);
  sent_before.erase(range);
  for (ShareState& each : shares) {
    each.to_send.erase(range);
    each.sent_before.erase(range);
    each.done.erase(range);
  }
}

void ReaderState::forget_unsent(const Range& range, Share share) {
  if (share) {
    shares[*share].to_send.erase(range);
    const bool others_wait = std::ranges::any_of(shares, [&](const ShareState& each) {
      return each.to_send.contains(range.begin.sequence);
    });
    if (others_wait) return;
  }
  to_send.erase(range);
}

bool ReaderState::was_sent_before(Sequence sequence, Share share) const {
  return (share ? shares[*share].sent_before : sent_before).contains(sequence);
}

RangeSet ReaderState::finish_share(const RangeSet& ranges, std::size_t share) {
  if (share >= shares.size()) return {};  // it was made whole meanwhile
  RangeSet under_way = intersection(ranges, waiting);
  under_way.insert(intersection(ranges, resending));
  shares[share].done.insert(under_way);
  for (const Range& range : under_way) shares[share].to_send.erase(range);
  for (const ShareState& each : shares) under_way = intersection(under_way, each.done);
  return under_way;
}

bool ReaderState::some_share_has_nothing_live() const {
  if (shares.empty()) return !next(Part::Live);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!next(Part::Live, i)) return true;
  }
  return false;
}

}  // namespace carbon_spool
