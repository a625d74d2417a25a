#pragma once

#include <optional>

#include "carbon_spool/base/address.h"
#include "carbon_spool/daemon/config.h"

namespace carbon_spool {

/// Where the configuration's inputs of that type can be reached from this machine: the first
/// stream, which can confirm, or the first of all. None: there is none with a fixed address.
[[nodiscard]] std::optional<Address> listener_of(const Config& config, InputType type);

}  // namespace carbon_spool
