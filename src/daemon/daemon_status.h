#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/admin/status.h"
#include "carbon_spool/daemon/config.h"

namespace carbon_spool {

/// The numbers of one running input.
struct InputNumbers {
  std::vector<Address> listening;
  InputStats stats;
};

/// Everything that a status is made of. What does not run has no numbers.
struct StatusSources {
  const Config& config;
  QueueStats queue;
  std::optional<QueueStats> events;  ///< of their queue, if there is one
  std::map<std::string, InputNumbers> inputs;
  std::map<std::string, SenderStats> senders;  ///< of points and of events
  std::chrono::system_clock::time_point now;
};

/// The queue, every input and every destination: those of the configuration in its order, then
/// those that the queue remembers and the configuration does not name (`orphan`), so that the sums
/// add up. The fields of the process (`version`, `state`, `pid`, `uptime_seconds`) are left to the
/// caller.
[[nodiscard]] Status make_status(const StatusSources& sources);

}  // namespace carbon_spool
