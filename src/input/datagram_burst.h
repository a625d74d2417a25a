#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "socket_address.h"

namespace carbon_spool {

/// Receives several datagrams with one system call, into memory that all datagram sockets of a
/// thread share. Threads: one.
class DatagramBurst {
 public:
  static constexpr std::size_t kMost = 16;
  /// UDP carries at most 64 KiB, a Unix datagram as much as the sender's buffer holds (208 KiB by
  /// default). Only pages that are written to take memory.
  static constexpr std::size_t kDatagramBytes = 256 * 1024;

  DatagramBurst();

  /// How many were received; 0 if there was nothing.
  [[nodiscard]] std::size_t receive(int fd);

  /// Of the last burst:
  [[nodiscard]] std::string_view payload(std::size_t index) const;
  [[nodiscard]] bool is_cut_off(std::size_t index) const;  ///< it was longer than kDatagramBytes
  [[nodiscard]] std::string peer(std::size_t index) const;
  /// The socket's count of drops when the datagram arrived (SO_RXQ_OVFL); it wraps around.
  [[nodiscard]] std::optional<std::uint32_t> drops(std::size_t index) const;

 private:
  using Control = std::array<char, CMSG_SPACE(sizeof(std::uint32_t))>;

  std::unique_ptr<char[]> bytes_;
  std::array<mmsghdr, kMost> messages_{};
  std::array<iovec, kMost> pieces_{};
  std::array<SocketAddress, kMost> peers_{};
  alignas(cmsghdr) std::array<Control, kMost> controls_{};
};

}  // namespace carbon_spool
