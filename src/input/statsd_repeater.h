#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

struct InputState;

/// Sends packets as they came to other StatsD servers (`forward_to`). Nothing is kept for a server
/// that does not take them: it is counted. Threads: any.
class StatsdRepeater {
 public:
  StatsdRepeater(std::vector<Address> targets, InputState& input);

  /// What came on a stream and is too long for a datagram is cut at the ends of lines.
  void send(std::string_view packet);

  /// Looks the names up again: an address may have changed. Blocks as long as that takes.
  void connect();

  [[nodiscard]] bool empty() const { return addresses_.empty(); }

 private:
  using Sockets = std::vector<UniqueFd>;

  void send_datagram(const Sockets& sockets, std::string_view datagram);

  const std::vector<Address> addresses_;
  InputState& input_;
  std::mutex mutex_;
  std::shared_ptr<const Sockets> sockets_;  ///< guarded by mutex_; those that there are
};

}  // namespace carbon_spool
