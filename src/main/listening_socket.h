#pragma once

#include <vector>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

/// A socket of `receive` that listens (streams) or is bound (datagrams), non-blocking. The file of
/// a Unix socket goes with it.
class ListeningSocket {
 public:
  ListeningSocket(UniqueFd fd, Address address)
      : fd_(std::move(fd)), address_(std::move(address)) {}
  ListeningSocket(ListeningSocket&&) = default;
  ~ListeningSocket();

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// With the port that the kernel chose.
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] bool takes_datagrams() const;

 private:
  UniqueFd fd_;
  Address address_;
};

/// Listens on every address that the name resolves to. At least one; fails if none can be had.
[[nodiscard]] Result<std::vector<ListeningSocket>> listen_on(const Address& address);

}  // namespace carbon_spool
