#pragma once

#include <memory>

#include "carbon_spool/admin/status.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/daemon/config.h"

namespace carbon_spool {

/// The parts put together: queue, inputs, senders, admin socket.
/// Threads: the owner starts and stops it; `status` from any thread.
class Daemon {
 public:
  /// Opens the queue, then senders, then inputs, then the admin socket. On failure all that was
  /// started is stopped again.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(const Config& config);

  virtual ~Daemon() = default;

  /// Tries everything first: errors in the file, keys that need a restart, addresses that cannot be
  /// had change nothing. Then changes what differs. Destinations that go or change have what they
  /// sent confirmed before, within `shutdown_timeout`. Logs the outcome, and keeps a failure for
  /// the status until a reload works. By the owner, as `stop`.
  virtual void reload(const LoadedConfig& next) = 0;

  /// In this order: stop accepting, append what is in hand, let senders drain until
  /// `shutdown_timeout`, sync, close the queue. Logs what is left waiting.
  virtual void stop() = 0;

  [[nodiscard]] virtual Status status() const = 0;
};

/// The status of a queue whose daemon does not run.
[[nodiscard]] Result<Status> status_of_stopped(const Config& config);

}  // namespace carbon_spool
