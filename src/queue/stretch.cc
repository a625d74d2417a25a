#include "stretch.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "carbon_spool/base/assert.h"

#include "batch_format.h"

namespace carbon_spool {
namespace {

/// Of a range like this only the sequences mean something.
Range between(Sequence first, Sequence last) {
  return {Mark{first, 0, 0}, Mark{last.next(), 0, 0}};
}

/// By name: they have something under way.
std::set<std::string> awake_readers(const Ledger& ledger) {
  std::set<std::string> awake;
  for (const auto& [name, reader] : ledger.readers()) {
    RangeSet under_way = reader.waiting;
    under_way.erase(reader.to_send);
    if (!under_way.empty()) awake.insert(name);
  }
  return awake;
}

/// What the reader needs of the table, if the table may be shrunk for it: perhaps nothing.
std::optional<RangeSet> leaves(const ReaderState& reader, const TableFile& table) {
  if (!reader.needs(table.first, table.last)) return RangeSet();
  if (reader.orphan || !reader.options.selector) return std::nullopt;
  const auto touches = [&](const RangeSet& ranges) {
    return ranges.touches(table.first, table.last);
  };
  if (touches(reader.resending) || touches(reader.passed_over)) return std::nullopt;
  for (const ReaderState::Kept& piece : reader.kept) {
    if (touches(piece.ranges)) return std::nullopt;
  }
  RangeSet waiting = reader.waiting.intersection(between(table.first, table.last));
  RangeSet under_way = waiting;
  under_way.erase(reader.to_send);
  if (!under_way.empty()) return std::nullopt;
  return waiting;
}

/// Who needs the table, in order of names; none if not everybody leaves it to be shrunk.
std::optional<std::vector<Need>> needs_of(const TableFile& table, const Ledger& ledger,
                                          const std::set<std::string>& spared) {
  std::vector<Need> needs;
  for (const auto& [name, reader] : ledger.readers()) {
    auto batches = leaves(reader, table);
    if (!batches) return std::nullopt;
    if (batches->empty()) continue;
    if (spared.contains(name)) return std::nullopt;
    needs.push_back({name, reader.options.selector, std::move(*batches)});
  }
  return needs;
}

std::vector<std::string> names_of(const std::vector<Need>& needs) {
  std::vector<std::string> names;
  names.reserve(needs.size());
  for (const Need& each : needs) names.push_back(each.reader);
  return names;
}

/// Everything of the stretch that the reader could still be given.
RangeSet needed_of(const Stretch& stretch, const ReaderState& reader) {
  const Range all = between(stretch.first(), stretch.last());
  RangeSet needed = reader.waiting.intersection(all);
  needed.insert(reader.resending.intersection(all));
  for (const ReaderState::Kept& piece : reader.kept) {
    needed.insert(piece.ranges.intersection(all));
  }
  return needed;
}

}  // namespace

std::uint64_t Stretch::bytes() const {
  std::uint64_t sum = 0;
  for (const TableFile& table : tables) sum += table.bytes;
  return sum;
}

std::optional<Stretch> find_stretch(const std::vector<TableFile>& tables, const Ledger& ledger,
                                    const StretchLimits& limits,
                                    const NotWorthShrinking& not_worth_it) {
  std::set<std::string> spared;
  if (limits.spare_the_awake) spared = awake_readers(ledger);
  Stretch found;
  const auto is_enough = [&] { return found.tables.size() >= limits.least_tables; };
  Sequence behind;  // the tables looked at
  for (const TableFile& table : tables) {
    if (table.replaced) continue;
    // A queue may go on far behind, where its disk failed at first: no table spans that.
    const bool is_next = table.first == std::exchange(behind, table.last.next());
    std::optional<std::vector<Need>> needs;
    if (!table.shrunk && table.removable) needs = needs_of(table, ledger, spared);
    if (needs && needs->empty()) continue;  // it goes by itself
    const auto in_vain = not_worth_it.find(table.name);
    const bool may_be_shrunk =
        needs && (in_vain == not_worth_it.end() || in_vain->second != names_of(*needs));
    const bool joins =
        may_be_shrunk && found.bytes() + table.bytes <= limits.most_bytes &&
        (found.tables.empty() || (is_next && names_of(found.needs) == names_of(*needs)));
    if (joins) {
      found.tables.push_back(table);
      if (found.needs.empty()) {
        found.needs = std::move(*needs);
        continue;
      }
      for (std::size_t i = 0; i < needs->size(); ++i) {
        found.needs[i].batches.insert((*needs)[i].batches);
      }
      continue;
    }
    if (is_enough() && !found.tables.empty()) return found;
    found = {};
    if (may_be_shrunk && table.bytes <= limits.most_bytes) found = {{table}, std::move(*needs)};
  }
  if (found.tables.empty() || !is_enough()) return std::nullopt;
  return found;
}

bool is_as_found(const Stretch& stretch, const Ledger& ledger) {
  bool somebody_needs_it = false;
  for (const auto& [name, reader] : ledger.readers()) {
    RangeSet needed = needed_of(stretch, reader);
    if (needed.empty()) continue;
    const auto then = std::ranges::find(stretch.needs, name, &Need::reader);
    if (then == stretch.needs.end() || then->selector != reader.options.selector) return false;
    needed.erase(then->batches);
    if (!needed.empty()) return false;
    somebody_needs_it = true;
  }
  return somebody_needs_it;
}

std::string shrink(const BatchPtr& batch, const std::vector<Need>& needs) {
  std::vector<std::vector<LineFate>> fates;
  for (const Need& each : needs) {
    if (!each.batches.contains(batch->range().begin.sequence)) continue;
    fates.push_back(each.selector->fates(batch));
    CS_ASSERT(fates.back().size() == batch->points());
  }
  std::string lines;
  std::uint64_t points = 0;
  std::uint64_t dropped = 0;
  std::string_view rest = batch->lines();
  for (std::size_t i = 0; !fates.empty() && !rest.empty(); ++i) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    const LineFate fate = fates.front()[i];
    // What is not as lost to one as to another stays, so that it is counted for each as it is.
    const bool same_for_all =
        std::ranges::all_of(fates, [&](const auto& each) { return each[i] == fate; });
    if (same_for_all && fate != LineFate::Wanted) {
      if (fate == LineFate::Dropped) ++dropped;
      continue;
    }
    lines += line;
    ++points;
  }
  return encode_shrunk(*batch, lines, points, dropped);
}

}  // namespace carbon_spool
