#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "carbon_spool/base/units.h"
#include "carbon_spool/output/standing.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// Whose each share of a reader is; null: of whoever takes from it. One for all who do, since with
/// many members there are many shares.
using Keepers = std::vector<std::shared_ptr<Standing>>;

/// A place that a sender takes batches from.
struct Source {
  Reader* reader = nullptr;  ///< outlives the sender
  /// It is for others, and this sender takes from it only while all of them are down.
  std::vector<std::shared_ptr<Standing>> while_down;
  /// It takes shares, only while the reader is divided: its own, and while they are down those of
  /// others. Null: all, only while it is whole.
  std::shared_ptr<const Keepers> shares;
  bool own = false;  ///< of the reader that is the destination's alone
};

/// All that a sender takes from.
struct Supply {
  std::vector<Source> sources;
  /// The reader of the destination alone, if it has one: its backlog begins when that comes back.
  Reader* own = nullptr;
  /// What others know of this destination; may be null.
  std::shared_ptr<Standing> standing;
  /// When it was down for so long, `own` is divided, so that others can take from it; it is made
  /// whole again once the backlog is gone.
  std::optional<Milliseconds> reroute_after;
};

}  // namespace carbon_spool
