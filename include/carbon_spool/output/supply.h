#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "carbon_spool/base/units.h"
#include "carbon_spool/output/standing.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// A place that a sender takes batches from.
struct Source {
  Reader* reader = nullptr;  ///< outlives the sender
  Share share;               ///< only while it is divided; none: only while it is whole
  /// It is for others, and this sender takes from it only while all of them are down.
  std::vector<std::shared_ptr<Standing>> while_down;
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
