#pragma once

#include <optional>
#include <vector>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"

#include "own_socket_file.h"

namespace carbon_spool {

/// A socket that points can come to: bound, listening if it is a stream's, non-blocking.
struct BoundSocket {
  UniqueFd fd;
  Address address;  ///< numeric, with the port that the kernel chose
  std::optional<OwnSocketFile> file;
};

/// Binds every address that `address` stands for: a name resolves to all of its own. IPv6 sockets
/// take IPv6 only, so that both families can be bound beside each other. Of a name with several
/// addresses those that this machine does not have are passed over, as long as there is one left.
/// Fails naming the address.
[[nodiscard]] Result<std::vector<BoundSocket>> bind_address(const Address& address);

/// Connections that such a socket accepted are reset when they are closed, of itself or by the end
/// of the process: this one no more.
void close_in_order(int connection);

[[nodiscard]] inline bool is_stream(const Address& address) {
  return address.transport == Address::Transport::Tcp ||
         address.transport == Address::Transport::UnixStream;
}

}  // namespace carbon_spool
