#include "carbon_spool/base/datagram_socket.h"

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include <netdb.h>
#include <sys/socket.h>

#include "carbon_spool/base/socket_file.h"

namespace carbon_spool {
namespace {

Result<UniqueFd> connected_to(const sockaddr* to, socklen_t length) {
  UniqueFd fd(::socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), to, length) != 0) {
    return Error{std::generic_category().message(errno)};
  }
  return fd;
}

Result<UniqueFd> connected_to_name(const Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int problem =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (problem != 0) return Error{::gai_strerror(problem)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Error none;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto fd = connected_to(at->ai_addr, at->ai_addrlen);
    if (fd) return fd;
    none = fd.error();
  }
  return none;
}

}  // namespace

Result<UniqueFd> connect_datagrams(const Address& address) {
  if (address.path.empty()) return connected_to_name(address);
  const Result<sockaddr_un> to = unix_address(address.path);
  if (!to) return to.error();
  return connected_to(reinterpret_cast<const sockaddr*>(&to.value()), sizeof(sockaddr_un));
}

}  // namespace carbon_spool
