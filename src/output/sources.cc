#include "sources.h"

#include <algorithm>
#include <utility>

namespace carbon_spool {

Sources::Sources(Supply supply) : supply_(std::move(supply)) {
  for (const Source& each : supply_.sources) {
    if (std::ranges::find(readers_, each.reader) == readers_.end()) readers_.push_back(each.reader);
  }
}

bool Sources::is_open(const Source& source) {
  return source.share.has_value() == source.reader->is_divided() &&
         std::ranges::all_of(source.while_down, [](const auto& each) { return each->is_down(); });
}

std::optional<Parcel> Sources::take(Part part) {
  for (std::size_t i = 0; i < supply_.sources.size(); ++i) {
    const std::size_t at = (next_ + i) % supply_.sources.size();
    const Source& source = supply_.sources[at];
    if (!is_open(source)) continue;
    auto taken = source.reader->take(part, source.share);
    if (!taken) continue;
    next_ = at + 1;
    return Parcel{std::move(taken->batch), at};
  }
  return std::nullopt;
}

bool Sources::has_unsent(Part part) const {
  return std::ranges::any_of(supply_.sources, [&](const Source& each) {
    return is_open(each) && each.reader->has_unsent(part, each.share);
  });
}

void Sources::acknowledge(const RangesBySource& ranges) {
  for (const auto& [at, each] : ranges) {
    supply_.sources[at].reader->acknowledge(each, supply_.sources[at].share);
  }
}

void Sources::put_back(const RangesBySource& ranges) {
  for (const auto& [at, each] : ranges) {
    supply_.sources[at].reader->put_back(each, supply_.sources[at].share);
  }
}

void Sources::acknowledge_without(const RangesBySource& batch,
                                  const std::vector<std::string>& lines) {
  const auto& [at, ranges] = *batch.begin();
  const Source& source = supply_.sources[at];
  source.reader->acknowledge_without(ranges.front(), lines, source.share);
}

void Sources::resend_kept() {
  for (Reader* const each : readers_) each->resend_kept();
}

void Sources::begin_live() {
  if (supply_.own != nullptr) supply_.own->begin_live();
}

void Sources::begin_live(std::size_t source) {
  supply_.sources[source].reader->begin_live();
}

void Sources::on_change(const std::function<void()>& wake) {
  for (Reader* const each : readers_) each->on_unsent(wake);
  for (const Source& source : supply_.sources) {
    for (const auto& each : source.while_down) each->on_change(this, wake);
  }
}

void Sources::stands(bool down) {
  if (supply_.standing) supply_.standing->set(down);
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
    return each.reader == supply_.own && each.reader->has_unsent(Part::Backlog, each.share);
  });
  if (caught_up) supply_.own->divide(false);
}

}  // namespace carbon_spool
