#pragma once

#include "config_table.h"

namespace carbon_spool {

/// Reads the keys of a StatsD input beside `name` and `type`.
void read_statsd(ConfigTable& table, InputOptions& input);

}  // namespace carbon_spool
