#pragma once

#include <vector>

#include "carbon_spool/daemon/config.h"

#include "config_table.h"

namespace carbon_spool {

/// `prefix` and `instance` of a destination, of which the rest is read already.
void read_place_in_routing(ConfigTable& table, DestinationConfig& destination);

/// Reads [[cluster]], [[route]] and [[rewrite]] off `root`, and [routing], and compiles them with
/// the destinations that `config` has: `config.routing`. `destinations`: their tables, for errors.
void read_routing(ConfigTable& root, ConfigTable routing,
                  const std::vector<ConfigTable>& destinations, Config& config,
                  ConfigReading& reading);

}  // namespace carbon_spool
