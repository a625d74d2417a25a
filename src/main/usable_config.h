#pragma once

#include <optional>
#include <string>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {

/// The configuration in `file`; none if it has errors, all of which are then on standard error.
[[nodiscard]] std::optional<Config> usable_config(const std::string& file);

}  // namespace carbon_spool
