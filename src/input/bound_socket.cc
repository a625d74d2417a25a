#include "bound_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>

#include "carbon_spool/base/log.h"
#include "carbon_spool/base/socket_file.h"

#include "socket_address.h"

namespace carbon_spool {
namespace {

/// Datagrams have nowhere else to wait while the disk holds the inputs back.
constexpr int kDatagramBufferBytes = 8 * 1024 * 1024;

/// Why a socket could not be had; the number decides whether another address may do instead.
struct BindError {
  int number = 0;
  std::string message;
};

BindError system_error(std::string_view what) {
  const int number = errno;
  return {number, std::string(what) + ": " + std::generic_category().message(number)};
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof(value));
}

/// Options that accepted sockets inherit, or that make the difference before `bind`. None of them
/// can fail on a kernel that we run on, and we would go on without.
void set_options(int fd, int family, Address::Transport transport) {
  if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (transport == Address::Transport::Tcp) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    // Inherited from the first moment of a connection on, so that a death of this process resets
    // it: an orderly end would tell a confirming sender that its points are safe.
    const linger reset_at_close{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof(reset_at_close));
  }
  if (transport == Address::Transport::Udp) {
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    // The first goes beyond net.core.rmem_max, but needs CAP_NET_ADMIN.
    const int size = kDatagramBufferBytes;
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
      set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
    }
  }
}

UniqueFd open_socket(int family, Address::Transport transport) {
  const bool stream =
      transport == Address::Transport::Tcp || transport == Address::Transport::UnixStream;
  const int type = stream ? SOCK_STREAM : SOCK_DGRAM;
  UniqueFd fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd) set_options(fd.get(), family, transport);
  return fd;
}

/// Leaves `error` alone if it worked.
std::optional<BoundSocket> bind_internet(const SocketAddress& wanted, Address::Transport transport,
                                         BindError& error) {
  BoundSocket bound;
  bound.fd = open_socket(wanted.storage.ss_family, transport);
  if (!bound.fd) {
    error = system_error("socket");
    return std::nullopt;
  }
  const bool stream = transport == Address::Transport::Tcp;
  if (::bind(bound.fd.get(), wanted.get(), wanted.length) != 0 ||
      (stream && ::listen(bound.fd.get(), SOMAXCONN) != 0)) {
    error = system_error("bind");
    return std::nullopt;
  }
  SocketAddress actual;
  ::getsockname(bound.fd.get(), actual.get(), &actual.length);
  bound.address = to_address(actual, transport);
  return bound;
}

Result<std::vector<SocketAddress>> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = address.transport == Address::Transport::Tcp ? SOCK_STREAM : SOCK_DGRAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int outcome = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (outcome != 0) return Error{::gai_strerror(outcome)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);

  std::vector<SocketAddress> result;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress one;
    std::memcpy(&one.storage, each->ai_addr, each->ai_addrlen);
    one.length = each->ai_addrlen;
    const bool known = std::any_of(result.begin(), result.end(), [&](const SocketAddress& other) {
      return other.length == one.length &&
             std::memcmp(&other.storage, &one.storage, one.length) == 0;
    });
    if (!known) result.push_back(one);
  }
  return result;
}

bool machine_has_not(const BindError& error) {
  return error.number == EADDRNOTAVAIL || error.number == EAFNOSUPPORT;
}

Result<std::vector<BoundSocket>> bind_name(const Address& address) {
  Result<std::vector<SocketAddress>> resolved = resolve(address);
  if (!resolved) return resolved.error();
  std::vector<BoundSocket> sockets;
  std::vector<std::string> passed_over;
  for (const SocketAddress& each : resolved.value()) {
    BindError error;
    std::optional<BoundSocket> bound = bind_internet(each, address.transport, error);
    if (bound) {
      sockets.push_back(std::move(*bound));
      continue;
    }
    const std::string message = to_address(each, address.transport).host + ": " + error.message;
    if (!machine_has_not(error)) return Error{message};
    passed_over.push_back(message);
  }
  if (sockets.empty()) {
    return Error{passed_over.empty() ? "the name has no address" : passed_over.front()};
  }
  for (const std::string& each : passed_over) {
    log(LogLevel::Warning, "listen on " + to_string(address) + ": left out " + each);
  }
  return sockets;
}

Result<BoundSocket> bind_unix(const Address& address) {
  const Result<sockaddr_un> name = unix_address(address.path);
  if (!name) return name.error();
  const Result<void> cleared = clear_socket_file(address.path);
  if (!cleared) return cleared.error();

  BoundSocket bound;
  bound.fd = open_socket(AF_UNIX, address.transport);
  if (!bound.fd) return Error{system_error("socket").message};
  const auto* generic = reinterpret_cast<const sockaddr*>(&name.value());
  if (::bind(bound.fd.get(), generic, sizeof(sockaddr_un)) != 0) {
    return Error{system_error("bind").message};
  }
  bound.file.emplace(address.path);
  if (is_stream(address) && ::listen(bound.fd.get(), SOMAXCONN) != 0) {
    return Error{system_error("listen").message};
  }
  bound.address = address;
  return bound;
}

}  // namespace

void close_in_order(int connection) {
  const linger in_order{0, 0};
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &in_order, sizeof(in_order));
}

Result<std::vector<BoundSocket>> bind_address(const Address& address) {
  const std::string context = "listen on " + to_string(address);
  if (address.path.empty()) {
    Result<std::vector<BoundSocket>> bound = bind_name(address);
    if (!bound) return bound.error().in(context);
    return bound;
  }
  Result<BoundSocket> bound = bind_unix(address);
  if (!bound) return bound.error().in(context);
  std::vector<BoundSocket> sockets;
  sockets.push_back(std::move(bound).value());
  return sockets;
}

}  // namespace carbon_spool
