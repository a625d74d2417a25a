#pragma once

#include <string_view>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

/// Sends datagrams to one address. Nobody confirms them.
class DatagramClient {
 public:
  /// `address`: udp:// or unixgram://; of a name the first address that can be had.
  [[nodiscard]] static Result<DatagramClient> connect(const Address& address);

  /// Fails also for an earlier one that the peer's machine has turned away meanwhile.
  [[nodiscard]] Result<void> send(std::string_view datagram) const;

 private:
  explicit DatagramClient(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace carbon_spool
