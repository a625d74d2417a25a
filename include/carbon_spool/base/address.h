#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// A place to listen on or to send to, as the configuration writes it.
struct Address {
  enum class Transport { Tcp, Udp, UnixStream, UnixDatagram };

  Transport transport = Transport::Tcp;
  std::string host;        ///< name or numeric, IPv6 without brackets; empty for Unix sockets
  std::uint16_t port = 0;  ///< 0 to 65535; 0 asks the kernel for a free one when listening
  std::string path;        ///< of a Unix socket

  friend bool operator==(const Address&, const Address&) = default;
};

/// Reads `tcp://host:port`, `udp://host:port`, `unix:///path` (stream) or `unixgram:///path`
/// (datagram); IPv6 in brackets. The port must be there. Fails saying what was expected; `tls://`
/// is refused as not available yet.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

/// The inverse of `parse_address`.
[[nodiscard]] std::string to_string(const Address& address);

}  // namespace carbon_spool
