#pragma once

#include <chrono>

namespace carbon_spool {

/// A time that only goes forward; for waiting and measuring, never shown.
using Moment = std::chrono::steady_clock::time_point;

[[nodiscard]] inline Moment present() {
  return std::chrono::steady_clock::now();
}

}  // namespace carbon_spool
