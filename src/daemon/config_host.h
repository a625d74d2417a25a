#pragma once

#include "config_table.h"

namespace carbon_spool {

/// Reads the keys of a host input beside `name` and `type`.
void read_host(ConfigTable& table, InputOptions& input);

}  // namespace carbon_spool
