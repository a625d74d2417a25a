#pragma once

#include <string_view>

namespace carbon_spool {

/// Tells systemd about a change, such as `READY=1`, if it asked to be told (NOTIFY_SOCKET is set).
/// Whether it listens is not our concern: failures are passed over.
void tell_service_manager(std::string_view change);

}  // namespace carbon_spool
