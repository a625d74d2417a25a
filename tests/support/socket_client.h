#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/socket_file.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

/// The other end of an input's socket, with plain blocking calls. Anything that takes longer than
/// half a minute fails the test.
class SocketClient {
 public:
  enum class End { Orderly, Reset, None };

  explicit SocketClient(const Address& address) : SocketClient(unconnected(address)) {
    connect(address);
  }

  [[nodiscard]] static SocketClient unconnected(const Address& address) {
    const bool stream = address.transport == Address::Transport::Tcp ||
                        address.transport == Address::Transport::UnixStream;
    const int family = !address.path.empty()                         ? AF_UNIX
                       : address.host.find(':') != std::string::npos ? AF_INET6
                                                                     : AF_INET;
    return SocketClient(UniqueFd(::socket(family, stream ? SOCK_STREAM : SOCK_DGRAM, 0)));
  }

  void connect(const Address& address) {
    sockaddr_in6 six{};
    sockaddr_in four{};
    int outcome = -1;
    if (!address.path.empty()) {
      const sockaddr_un name = unix_address(address.path).value();
      outcome = ::connect(fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    } else if (address.host.find(':') != std::string::npos) {
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(address.port);
      REQUIRE(::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1);
      outcome = ::connect(fd(), reinterpret_cast<const sockaddr*>(&six), sizeof six);
    } else {
      four.sin_family = AF_INET;
      four.sin_port = htons(address.port);
      REQUIRE(::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1);
      outcome = ::connect(fd(), reinterpret_cast<const sockaddr*>(&four), sizeof four);
    }
    REQUIRE(outcome == 0);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Takes what fits into the kernel's buffers; returns how much that was.
  [[nodiscard]] std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  void half_close() { REQUIRE(::shutdown(fd(), SHUT_WR) == 0); }

  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_ = {};
  }

  /// True if the other end did something: it never sends, so that is its end.
  [[nodiscard]] bool has_ended() const {
    pollfd entry{fd_.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }

  [[nodiscard]] End wait_for_end() const {
    char byte = 0;
    const ssize_t received = ::recv(fd_.get(), &byte, 1, 0);
    if (received == 0) return End::Orderly;
    return received < 0 && errno == ECONNRESET ? End::Reset : End::None;
  }

  /// What has come, as soon as something has; empty: the end, or a reset.
  [[nodiscard]] std::string receive() {
    std::string bytes(65536, '\0');
    const ssize_t received = ::recv(fd(), bytes.data(), bytes.size(), 0);
    REQUIRE((received >= 0 || errno == ECONNRESET));
    bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return bytes;
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit SocketClient(UniqueFd fd) : fd_(std::move(fd)) {
    REQUIRE(fd_);
    const timeval half_a_minute{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &half_a_minute, sizeof half_a_minute);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &half_a_minute, sizeof half_a_minute);
  }

  UniqueFd fd_;
};

}  // namespace carbon_spool
