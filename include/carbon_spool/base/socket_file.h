#pragma once

#include <string>

#include <sys/un.h>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// The socket address of a path. Fails if the kernel cannot take so long a one.
[[nodiscard]] Result<sockaddr_un> unix_address(const std::string& path);

/// Makes way for a listener on a Unix socket at `path`: makes the parent folder if it is missing,
/// removes a socket file that nobody listens on. Fails if somebody does, or if something else than
/// a socket is there.
[[nodiscard]] Result<void> clear_socket_file(const std::string& path);

}  // namespace carbon_spool
