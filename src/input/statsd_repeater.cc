#include "statsd_repeater.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "carbon_spool/base/datagram_socket.h"

#include "input_state.h"

namespace carbon_spool {
namespace {

/// What an Ethernet carries in one piece, with some room for tunnels: what StatsD's clients send.
constexpr std::size_t kDatagramBytes = 1432;
/// The most that UDP carries over IPv4.
constexpr std::size_t kLargestDatagram = 65507;

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
    Result<UniqueFd> connected = connect_datagrams(each);
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
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  for (const UniqueFd& each : sockets) {
    ssize_t sent = ::send(each.get(), datagram.data(), datagram.size(), kFlags);
    // That nobody had listened for an earlier one is told in place of sending this one.
    if (sent < 0 && errno == ECONNREFUSED) {
      sent = ::send(each.get(), datagram.data(), datagram.size(), kFlags);
    }
    if (sent < 0) input_.packets_unforwarded.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace carbon_spool
