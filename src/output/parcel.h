#pragma once

#include <cstddef>
#include <map>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

/// A batch, and which of its sender's sources it was taken from.
struct Parcel {
  BatchPtr batch;
  std::size_t source = 0;

  friend bool operator==(const Parcel&, const Parcel&) = default;
};

/// Parts of the log by source; none of them is empty.
using RangesBySource = std::map<std::size_t, RangeSet>;

}  // namespace carbon_spool
