#pragma once

#include <string>

#include <sys/socket.h>

#include "carbon_spool/base/address.h"

namespace carbon_spool {

/// An address as the kernel has it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The numeric form, with `transport`. Of an Internet address only.
[[nodiscard]] Address to_address(const SocketAddress& address, Address::Transport transport);

/// For the log: `192.0.2.1:4711`, `[2001:db8::1]:4711`, or `a local client` where there is no name.
[[nodiscard]] std::string peer_name(const SocketAddress& address);

/// The same for the other end of a connected socket.
[[nodiscard]] std::string peer_name(int fd);

}  // namespace carbon_spool
