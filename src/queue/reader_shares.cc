// A reader that is divided: each share sends its part of every batch at its own pace, and a batch
// is done once all of them are.

#include <algorithm>
#include <iterator>

#include "ledger.h"

namespace carbon_spool {
namespace {

/// Batches that are remembered though shares of them were not looked at yet.
constexpr std::size_t kMostLeftOut = 1024;

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
  // A bad line is sent again as well, and is found again.
  for (auto& [sequence, out] : left_out) out.poison = 0;
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
  forget_what_others_look_at(under_way);
  for (const ShareState& each : shares) under_way = intersection(under_way, each.done);
  return under_way;
}

void ReaderState::forget_what_others_look_at(const RangeSet& done) {
  if (left_out.size() <= kMostLeftOut) return;
  for (const Range& range : done) {
    const auto last = left_out.lower_bound(range.end.sequence);
    for (auto at = left_out.lower_bound(range.begin.sequence); at != last;) {
      const bool others_look = to_send.contains(at->first);
      if (others_look) at->second = {0, 0, at->second.poison};
      at = others_look && at->second.poison == 0 ? left_out.erase(at) : std::next(at);
    }
  }
}

std::size_t ReaderState::most_gaps() const {
  std::size_t most = to_send.size();
  for (const ShareState& each : shares) most = std::max(most, each.to_send.size());
  return most;
}

bool ReaderState::some_share_has_nothing_live() const {
  if (shares.empty()) return !next(Part::Live);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!next(Part::Live, i)) return true;
  }
  return false;
}

}  // namespace carbon_spool
