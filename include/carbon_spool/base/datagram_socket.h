#pragma once

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

/// A socket that sends datagrams to one address, `udp://` or `unixgram://`; of a name to the first
/// address that can be had. Blocks as long as the look-up of a name takes.
[[nodiscard]] Result<UniqueFd> connect_datagrams(const Address& address);

}  // namespace carbon_spool
