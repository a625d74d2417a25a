#pragma once

#include "config_table.h"

namespace carbon_spool {

/// Reads one `[[input]]`: the keys of its type, with that type's defaults.
[[nodiscard]] InputOptions read_input(ConfigTable table);

}  // namespace carbon_spool
