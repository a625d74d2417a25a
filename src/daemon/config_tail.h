#pragma once

#include "carbon_spool/input/input.h"

#include "config_table.h"

namespace carbon_spool {

/// Reads what an input of `type = "tail"` has beside its name: docs/tail.md.
void read_tail(ConfigTable& table, InputOptions& input);

}  // namespace carbon_spool
