#pragma once

#include "carbon_spool/input/input.h"

#include "config_table.h"

namespace carbon_spool {

/// Reads the keys of a host input beside `name` and `type`.
void read_host(ConfigTable& table, InputOptions& input);

/// An interval, at most a day.
void read_whole_seconds(ConfigTable& table, const std::string& key, Seconds& target);
/// `hostname` and `hostname_method`.
void read_hostname(ConfigTable& table, HostnameOptions& target);

}  // namespace carbon_spool
