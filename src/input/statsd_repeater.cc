#include "statsd_repeater.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "carbon_spool/base/socket_file.h"

#include "input_state.h"

namespace carbon_spool {
namespace {

/// What an Ethernet carries in one piece, with some room for tunnels: what StatsD's clients send.
constexpr std::size_t kDatagramBytes = 1432;
/// The most that UDP carries over IPv4.
constexpr std::size_t kLargestDatagram = 65507;

UniqueFd open_datagram_socket(int family) {
  return UniqueFd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Result<UniqueFd> connect_to_name(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int outcome = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (outcome != 0) return Error{::gai_strerror(outcome)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    UniqueFd fd = open_datagram_socket(each->ai_family);
    if (fd && ::connect(fd.get(), each->ai_addr, each->ai_addrlen) == 0) return fd;
  }
  return Error{std::strerror(errno)};
}

Result<UniqueFd> connect_to(const Address& address) {
  if (address.path.empty()) return connect_to_name(address);
  const Result<sockaddr_un> name = unix_address(address.path);
  if (!name) return name.error();
  UniqueFd fd = open_datagram_socket(AF_UNIX);
  const auto* generic = reinterpret_cast<const sockaddr*>(&name.value());
  if (!fd || ::connect(fd.get(), generic, sizeof(sockaddr_un)) != 0) {
    return Error{std::strerror(errno)};
  }
  return fd;
}

/// The front of `packet` that fits `kDatagramBytes` and ends with a line; one line if even that
/// does not fit.
std::string_view whole_lines(std::string_view packet) {
  const std::size_t last = packet.substr(0, kDatagramBytes).rfind('\n');
  if (last != std::string_view::npos) return packet.substr(0, last + 1);
  const std::size_t first = packet.find('\n');
  return first == std::string_view::npos ? packet : packet.substr(0, first + 1);
}

}  // namespace

StatsdRepeater::StatsdRepeater(std::vector<Address> targets, InputState& input)
    : addresses_(std::move(targets)), input_(input), sockets_(std::make_shared<Sockets>()) {}

void StatsdRepeater::connect() {
  auto sockets = std::make_shared<Sockets>();
  for (const Address& each : addresses_) {
    Result<UniqueFd> connected = connect_to(each);
    if (!connected) {
      input_.log_trouble("cannot forward to " + to_string(each) + ": " + connected.error().message);
      sockets->emplace_back();
      continue;
    }
    sockets->push_back(std::move(connected.value()));
  }
  const std::lock_guard lock(mutex_);
  sockets_ = std::move(sockets);
}

void StatsdRepeater::send(std::string_view packet) {
  if (addresses_.empty()) return;
  std::shared_ptr<const Sockets> sockets;
  {
    const std::lock_guard lock(mutex_);
    sockets = sockets_;
  }
  if (packet.size() <= kLargestDatagram) return send_datagram(*sockets, packet);
  while (!packet.empty()) {
    const std::string_view front = whole_lines(packet);
    send_datagram(*sockets, front);
    packet.remove_prefix(front.size());
  }
}

void StatsdRepeater::send_datagram(const Sockets& sockets, std::string_view datagram) {
  for (const UniqueFd& each : sockets) {
    ssize_t sent = ::send(each.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
    // That nobody had listened for an earlier one is told in place of sending this one.
    if (sent < 0 && errno == ECONNREFUSED) {
      sent = ::send(each.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
    }
    if (sent < 0) input_.packets_unforwarded.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace carbon_spool
