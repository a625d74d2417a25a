#pragma once

#include <chrono>
#include <cstdint>

namespace carbon_spool {

/// Unix time in whole seconds: what a point without a timestamp is stamped with.
using UnixSeconds = std::int64_t;

/// Where the program reads the time of day. Threads: any thread may call any member.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;

  [[nodiscard]] UnixSeconds unix_seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  }
  [[nodiscard]] std::int64_t unix_milliseconds() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  }
};

/// The machine's clock. Lives as long as the process.
[[nodiscard]] const Clock& system_clock();

}  // namespace carbon_spool
