#include "listening_socket.h"

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "carbon_spool/base/socket_file.h"

namespace carbon_spool {
namespace {

using Transport = Address::Transport;
using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

bool is_datagram(Transport transport) {
  return transport == Transport::Udp || transport == Transport::UnixDatagram;
}

Error last_error() {
  return Error{std::generic_category().message(errno)};
}

/// A bound socket that takes connections or datagrams.
Result<UniqueFd> open_at(const sockaddr* at, socklen_t length, Transport transport) {
  const int type = is_datagram(transport) ? SOCK_DGRAM : SOCK_STREAM;
  UniqueFd fd(::socket(at->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error();
  const int on = 1;
  if (transport == Transport::Tcp) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted connections inherit it: when this process dies they are reset, so that no sender
    // takes its death for a confirmation.
    const linger reset{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  if (::bind(fd.get(), at, length) != 0) return last_error();
  if (type == SOCK_STREAM && ::listen(fd.get(), SOMAXCONN) != 0) return last_error();
  return fd;
}

/// What the socket is bound to.
Address bound_address(int fd, Transport transport) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  auto* generic = reinterpret_cast<sockaddr*>(&at);
  ::getsockname(fd, generic, &length);
  ::getnameinfo(generic, length, host.data(), host.size(), port.data(), port.size(),
                NI_NUMERICHOST | NI_NUMERICSERV);
  return {transport, host.data(), static_cast<std::uint16_t>(std::stoul(port.data())), ""};
}

Result<std::vector<ListeningSocket>> listen_on_path(const Address& address) {
  const Result<void> cleared = clear_socket_file(address.path);
  if (!cleared) return cleared.error();
  const Result<sockaddr_un> at = unix_address(address.path);
  if (!at) return at.error();
  Result<UniqueFd> fd = open_at(reinterpret_cast<const sockaddr*>(&at.value()), sizeof(sockaddr_un),
                                address.transport);
  if (!fd) return fd.error();
  std::vector<ListeningSocket> sockets;
  sockets.emplace_back(std::move(fd.value()), address);
  return sockets;
}

Result<AddressList> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = is_datagram(address.transport) ? SOCK_DGRAM : SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (problem != 0) return Error{::gai_strerror(problem)};
  return AddressList(found, &::freeaddrinfo);
}

Result<std::vector<ListeningSocket>> listen_on_host(const Address& address) {
  const Result<AddressList> resolved = resolve(address);
  if (!resolved) return resolved.error();
  std::vector<ListeningSocket> sockets;
  Error problem;
  for (const addrinfo* at = resolved.value().get(); at != nullptr; at = at->ai_next) {
    Result<UniqueFd> fd = open_at(at->ai_addr, at->ai_addrlen, address.transport);
    if (fd) {
      const Address bound = bound_address(fd.value().get(), address.transport);
      sockets.emplace_back(std::move(fd.value()), bound);
      // A port of the kernel's choice may be taken at the next address.
      if (address.port == 0) break;
    } else {
      problem = fd.error();
    }
  }
  if (sockets.empty()) return problem;
  return sockets;
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (fd_ && !address_.path.empty()) ::unlink(address_.path.c_str());
}

bool ListeningSocket::takes_datagrams() const {
  return is_datagram(address_.transport);
}

Result<std::vector<ListeningSocket>> listen_on(const Address& address) {
  auto sockets = address.path.empty() ? listen_on_host(address) : listen_on_path(address);
  if (!sockets) return sockets.error().in("listen on " + to_string(address));
  return sockets;
}

}  // namespace carbon_spool
