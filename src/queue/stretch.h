#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/batch_selector.h"
#include "carbon_spool/queue/range_set.h"

#include "ledger.h"
#include "store.h"

namespace carbon_spool {

/// What one reader needs of a stretch.
struct Need {
  std::string reader;
  std::shared_ptr<BatchSelector> selector;
  RangeSet batches;
};

/// Consecutive tables of the log that only readers need that get a part of each batch: they can be
/// put into one table that holds no more than those parts.
struct Stretch {
  std::vector<TableFile> tables;  ///< what nobody needs may lie between them
  std::vector<Need> needs;

  [[nodiscard]] Sequence first() const { return tables.front().first; }
  [[nodiscard]] Sequence last() const { return tables.back().last; }
  [[nodiscard]] std::uint64_t bytes() const;  ///< of disk
};

/// By name of a table the readers for which it was not worth it.
using NotWorthShrinking = std::map<std::string, std::vector<std::string>>;

/// What a stretch has to be like.
struct StretchLimits {
  std::size_t least_tables = 1;
  std::uint64_t most_bytes = 0;
  /// A reader that has anything under way will soon come to what it needs: leave it that.
  bool spare_the_awake = true;
};

/// The oldest stretch. A table belongs to one if whoever needs it gets a part of each batch and has
/// no batch of it under way, nor acknowledged and kept; orphans, of which nobody knows what they
/// would get, keep theirs whole.
[[nodiscard]] std::optional<Stretch> find_stretch(const std::vector<TableFile>& tables,
                                                  const Ledger& ledger, const StretchLimits& limits,
                                                  const NotWorthShrinking& not_worth_it);

/// True if what anybody needs of the stretch now is no more than it was when it was found, and what
/// it gets was not changed.
[[nodiscard]] bool is_as_found(const Stretch& stretch, const Ledger& ledger);

/// The batch as it is stored with no more lines than those that somebody wants who needs it.
[[nodiscard]] std::string shrink(const BatchPtr& batch, const std::vector<Need>& needs);

}  // namespace carbon_spool
