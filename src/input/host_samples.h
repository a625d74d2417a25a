#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "carbon_spool/host/host_sampler.h"
#include "carbon_spool/input/input.h"

namespace carbon_spool {

struct InputState;

/// Samples the host on a grid of multiples of the interval and hands the points over, stamped with
/// the multiple. What the sink does not take in time is dropped and counted. A failure is logged
/// when it begins and when it ends. Threads: one at a time.
class HostSamples {
 public:
  HostSamples(const HostInputOptions& options, InputState& input);

  /// Does what is due. Returns after how long to call again, at most a second.
  [[nodiscard]] Milliseconds tick();

  /// What fails now, by collector, and why; `hostname`: the name of the machine is not known, and
  /// nothing can be sampled.
  [[nodiscard]] const std::map<std::string, std::string>& failures() const { return failures_; }

 private:
  [[nodiscard]] std::int64_t now() const;  ///< Unix milliseconds
  void sample();
  void note_failures(const std::map<std::string, std::string>& failures);

  const HostInputOptions options_;
  const std::int64_t interval_;  ///< milliseconds
  InputState& input_;
  HostSampler sampler_;
  std::optional<std::string> hostname_;  ///< once it is known, for good
  std::int64_t last_;                    ///< the multiple that was sampled, or began before we did
  std::map<std::string, std::string> failures_;
};

}  // namespace carbon_spool
