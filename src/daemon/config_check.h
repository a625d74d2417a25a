#pragma once

#include <cstddef>
#include <vector>

#include "config_table.h"

namespace carbon_spool {

/// The lines on which the tables of a configuration begin, one for each of its inputs and
/// destinations.
struct ConfigPlaces {
  std::vector<std::size_t> inputs;
  std::vector<std::size_t> destinations;
};

/// The rules that look at more than one key. What is empty (a name, an address's host) was already
/// found wrong and is passed over.
void check_between_keys(const Config& config, const ConfigPlaces& places, ConfigReading& reading);

}  // namespace carbon_spool
