#pragma once

#include <cstdint>
#include <random>

#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// How long to wait before knocking again. At once after a connection that was good, then 100 ms,
/// doubling up to a limit. Every delay is cut by a random part of up to a half, so that many
/// senders do not come back to a server in step.
class Backoff {
 public:
  Backoff(Milliseconds longest, std::uint64_t seed) : longest_(longest), random_(seed) {}

  /// The delay after one more failure.
  [[nodiscard]] Milliseconds next();

  void connection_was_good() { delay_ = Milliseconds(0); }

 private:
  const Milliseconds longest_;
  std::minstd_rand random_;
  Milliseconds delay_{100};
};

}  // namespace carbon_spool
