#include "socket_address.h"

#include <array>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace carbon_spool {
namespace {

bool is_internet(const SocketAddress& address) {
  return address.storage.ss_family == AF_INET || address.storage.ss_family == AF_INET6;
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
}

}  // namespace

Address to_address(const SocketAddress& address, Address::Transport transport) {
  // getnameinfo keeps the zone of a link-local address, inet_ntop loses it.
  std::array<char, NI_MAXHOST> host{};
  ::getnameinfo(address.get(), address.length, host.data(), host.size(), nullptr, 0,
                NI_NUMERICHOST);
  Address result;
  result.transport = transport;
  result.host = host.data();
  result.port = port_of(address);
  return result;
}

std::string peer_name(const SocketAddress& address) {
  if (!is_internet(address)) return "a local client";
  const Address numeric = to_address(address, Address::Transport::Tcp);
  const bool brackets = address.storage.ss_family == AF_INET6;
  return (brackets ? "[" + numeric.host + "]" : numeric.host) + ":" + std::to_string(numeric.port);
}

std::string peer_name(int fd) {
  SocketAddress address;
  if (::getpeername(fd, address.get(), &address.length) != 0) return "a client that is gone";
  return peer_name(address);
}

}  // namespace carbon_spool
