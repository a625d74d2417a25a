#pragma once

#include <chrono>
#include <thread>

namespace carbon_spool {

/// For numbers that change without telling anybody: true as soon as `condition` is, false if it is
/// not within `patience`.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds patience = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace carbon_spool
