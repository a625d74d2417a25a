#include "sources.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {

Sources::Sources(Supply supply) : supply_(std::move(supply)) {
  std::size_t first = 0;
  for (const Source& each : supply_.sources) {
    states_.push_back({first, 0, true});
    first += each.shares ? each.shares->size() : 1;
  }
}

bool Sources::is_open(const Source& source) {
  return (source.shares != nullptr) == source.reader->is_divided() &&
         std::ranges::all_of(source.while_down, [](const auto& each) { return each->is_down(); });
}

bool Sources::is_open_share(const Source& source, std::size_t share) const {
  const std::shared_ptr<Standing>& keeper = (*source.shares)[share];
  return keeper == nullptr || keeper == supply_.standing || keeper->is_down();
}

std::optional<Parcel> Sources::take(Part part) {
  for (std::size_t i = 0; i < supply_.sources.size(); ++i) {
    const std::size_t at = (next_ + i) % supply_.sources.size();
    if (!is_open(supply_.sources[at])) continue;
    auto parcel = take_from(at, part);
    if (!parcel) continue;
    next_ = at + 1;
    return parcel;
  }
  return std::nullopt;
}

std::optional<Parcel> Sources::take_from(std::size_t at, Part part) {
  const Source& source = supply_.sources[at];
  State& state = states_[at];
  if (!source.shares) {
    auto taken = source.reader->take(part);
    if (!taken) return std::nullopt;
    return Parcel{std::move(taken->batch), state.first};
  }
  const std::size_t shares = source.shares->size();
  for (std::size_t i = 0; i < shares; ++i) {
    const std::size_t share = (state.next + i) % shares;
    if (!is_open_share(source, share)) continue;
    auto taken = source.reader->take(part, share);
    if (!taken) continue;
    state.next = share + 1;
    return Parcel{std::move(taken->batch), state.first + share};
  }
  return std::nullopt;
}

bool Sources::has_unsent(const Source& source, Part part) const {
  if (!source.shares) return source.reader->has_unsent(part);
  for (std::size_t share = 0; share < source.shares->size(); ++share) {
    if (is_open_share(source, share) && source.reader->has_unsent(part, share)) return true;
  }
  return false;
}

bool Sources::has_unsent(Part part) const {
  return std::ranges::any_of(
      supply_.sources, [&](const Source& each) { return is_open(each) && has_unsent(each, part); });
}

Sources::Origin Sources::origin_of(std::size_t parcel_source) const {
  const auto behind = std::ranges::upper_bound(states_, parcel_source, {}, &State::first);
  const auto at = static_cast<std::size_t>(behind - states_.begin()) - 1;
  if (!supply_.sources[at].shares) return {at, {}};
  return {at, parcel_source - states_[at].first};
}

void Sources::acknowledge(const RangesBySource& ranges) {
  for (const auto& [from, each] : ranges) {
    const Origin origin = origin_of(from);
    states_[origin.source].may_be_kept = true;
    supply_.sources[origin.source].reader->acknowledge(each, origin.share);
  }
}

void Sources::put_back(const RangesBySource& ranges) {
  for (const auto& [from, each] : ranges) {
    const Origin origin = origin_of(from);
    supply_.sources[origin.source].reader->put_back(each, origin.share);
  }
}

void Sources::acknowledge_without(const RangesBySource& batch,
                                  const std::vector<std::string>& lines) {
  const auto& [from, ranges] = *batch.begin();
  const Origin origin = origin_of(from);
  states_[origin.source].may_be_kept = true;
  supply_.sources[origin.source].reader->acknowledge_without(ranges.front(), lines, origin.share);
}

/// A destination that cannot be reached is tried for hours: what others have had confirmed
/// meanwhile is not to be sent to them again each time.
void Sources::resend_kept() {
  for (std::size_t at = 0; at < states_.size(); ++at) {
    const Source& source = supply_.sources[at];
    const bool nobody_elses = source.reader == supply_.own && !source.reader->is_divided();
    if (std::exchange(states_[at].may_be_kept, false) || nobody_elses) {
      source.reader->resend_kept();
    }
  }
}

void Sources::begin_live() {
  if (supply_.own != nullptr) supply_.own->begin_live();
}

void Sources::begin_live(std::size_t parcel_source) {
  supply_.sources[origin_of(parcel_source).source].reader->begin_live();
}

void Sources::on_change(const std::function<void()>& wake) {
  for (const Source& source : supply_.sources) {
    source.reader->on_unsent(wake);
    for (const auto& each : source.while_down) each->on_change(this, wake);
    if (!source.shares) continue;
    for (const auto& each : *source.shares) {
      if (each) each->on_change(this, wake);
    }
  }
}

void Sources::stands(bool down) {
  if (supply_.standing) supply_.standing->set(down);
}

bool Sources::others_see_to_it(Moment now, Milliseconds down_for) const {
  const auto since = supply_.standing ? supply_.standing->down_since() : std::nullopt;
  return since && now - *since >= down_for &&
         std::ranges::any_of(supply_.sources, [](const Source& each) {
           return !each.own || (each.shares && each.reader->is_divided());
         });
}

Moment Sources::next_reroute() const {
  if (!supply_.reroute_after || supply_.own->is_divided()) return Moment::max();
  const auto since = supply_.standing->down_since();
  return since ? *since + *supply_.reroute_after : Moment::max();
}

void Sources::reroute_if_due(Moment now) {
  if (!supply_.reroute_after) return;
  if (now >= next_reroute()) return supply_.own->divide(true);
  if (!supply_.own->is_divided() || supply_.standing->is_down()) return;
  const bool caught_up = std::ranges::none_of(supply_.sources, [&](const Source& each) {
    return each.own && each.shares && has_unsent(each, Part::Backlog);
  });
  if (caught_up) supply_.own->divide(false);
}

}  // namespace carbon_spool
