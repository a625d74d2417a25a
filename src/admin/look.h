#pragma once

#include <cstdint>

#include "carbon_spool/admin/status.h"

namespace carbon_spool {

/// What `needs_a_look` is made of; the page marks the line that each is about.
[[nodiscard]] bool is_not_connected(const DestinationStatus& destination, const Status& status);
[[nodiscard]] bool is_behind(const ReaderStatus& reader);
[[nodiscard]] bool dropped_lately(const ReaderStatus& reader, std::int64_t now);

}  // namespace carbon_spool
