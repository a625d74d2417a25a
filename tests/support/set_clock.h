#pragma once

#include <atomic>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// A wall clock that the test sets. Any thread.
class SetClock : public Clock {
 public:
  explicit SetClock(std::int64_t unix_seconds) : seconds_(unix_seconds) {}

  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::time_point(Seconds(seconds_));
  }
  void forward(Seconds by) { seconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> seconds_;
};

}  // namespace carbon_spool
