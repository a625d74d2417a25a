#pragma once

#include "batch_format.h"
#include "store.h"

namespace carbon_spool {

/// The batch as the store has it. Null if it is gone or damaged; fails if the disk cannot be read.
[[nodiscard]] Result<BatchPtr> read_stored_batch(const Store& store, Sequence sequence);

}  // namespace carbon_spool
