#include "usable_config.h"

#include <iostream>
#include <utility>

namespace carbon_spool {

std::optional<Config> usable_config(const std::string& file) {
  LoadedConfig loaded = load_config(file);
  if (loaded.errors.empty()) return std::move(loaded.config);
  for (const ConfigError& error : loaded.errors) std::cerr << to_string(error) << '\n';
  return std::nullopt;
}

}  // namespace carbon_spool
