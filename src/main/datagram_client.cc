#include "datagram_client.h"

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "carbon_spool/base/socket_file.h"

namespace carbon_spool {
namespace {

Error last_error() {
  return Error{std::generic_category().message(errno)};
}

Result<UniqueFd> connected_to(const sockaddr* to, socklen_t length) {
  UniqueFd fd(::socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), to, length) != 0) return last_error();
  return fd;
}

Result<UniqueFd> connect_to_name(const Address& address) {
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

Result<UniqueFd> connect_to(const Address& address) {
  if (address.path.empty()) return connect_to_name(address);
  const Result<sockaddr_un> to = unix_address(address.path);
  if (!to) return to.error();
  return connected_to(reinterpret_cast<const sockaddr*>(&to.value()), sizeof(sockaddr_un));
}

}  // namespace

Result<DatagramClient> DatagramClient::connect(const Address& address) {
  Result<UniqueFd> fd = connect_to(address);
  if (!fd) return fd.error().in(to_string(address));
  return DatagramClient(std::move(fd.value()));
}

Result<void> DatagramClient::send(std::string_view datagram) const {
  for (;;) {
    if (::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return success();
    if (errno != EINTR) return last_error();
  }
}

}  // namespace carbon_spool
