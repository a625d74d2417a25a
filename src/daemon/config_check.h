#pragma once

#include <cstddef>
#include <vector>

#include "config_table.h"

namespace carbon_spool {

/// Where a table of the configuration is: its line, and which of its kind it is in the file.
struct ConfigPlace {
  std::size_t line = 0;
  std::size_t index = 0;
};

/// The places of all inputs and destinations.
struct ConfigPlaces {
  std::vector<ConfigPlace> inputs;
  std::vector<ConfigPlace> destinations;
  std::vector<ConfigPlace> event_destinations;
};

/// The rules that look at more than one key. What is empty (a name, an address's host) was already
/// found wrong and is passed over.
void check_between_keys(const Config& config, const ConfigPlaces& places, ConfigReading& reading);

}  // namespace carbon_spool
