#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/host/host_options.h"

namespace carbon_spool {

/// Reads what a machine says of itself in /proc and /sys, as Diamond's collectors do, and makes
/// Graphite lines of it: Diamond's names, units and decimals (docs/host.md tells what differs).
///
/// Rates are over the measured time since the sample before; so the first sample has none, and
/// neither has a counter that went backwards.
/// Failures: a collector that cannot read its file makes no points, the others do.
/// Threads: one at a time; may block on a disk, never on a network file system for long.
class HostSampler {
 public:
  using MonotonicClock = std::function<std::chrono::steady_clock::time_point()>;
  using TakeLine = std::function<void(std::string_view line)>;  ///< LF included

  /// Expressions and units among the options are sound (`fault_in_expression`, `is_byte_unit`).
  explicit HostSampler(
      const HostOptions& options,
      MonotonicClock now = [] { return std::chrono::steady_clock::now(); });
  ~HostSampler();
  HostSampler(const HostSampler&) = delete;
  HostSampler& operator=(const HostSampler&) = delete;

  /// Hands each line to `take`, stamped with `timestamp`. `hostname` as `find_hostname` has it.
  void sample(std::string_view hostname, UnixSeconds timestamp, const TakeLine& take);

  /// Of collectors that failed in the last sample, by name: why.
  [[nodiscard]] const std::map<std::string, std::string>& failures() const { return failures_; }

 private:
  struct Running;

  const HostOptions options_;
  const MonotonicClock now_;
  std::vector<std::unique_ptr<Running>> running_;
  std::map<std::string, std::string> failures_;
};

}  // namespace carbon_spool
