#pragma once

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "carbon_spool/output/graphite_sender.h"

#include "fake_reader.h"
#include "scripted_peer.h"

namespace carbon_spool {

/// Settings under which everything that takes seconds or minutes takes milliseconds.
inline SenderOptions quick_options(const ScriptedPeer& peer) {
  SenderOptions options;
  options.name = "test";
  options.address = peer.address();
  options.confirm_every = Milliseconds(50);
  options.confirm_timeout = Milliseconds(10'000);
  options.backoff_max = Milliseconds(20);
  return options;
}

/// Looks again and again, for at most a minute.
template <class Condition>
[[nodiscard]] bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// The promise: what is acknowledged was in a connection that its peer read to the end.
[[nodiscard]] inline bool all_acknowledged_was_confirmed(const FakeReader& reader,
                                                         const ScriptedPeer& peer) {
  const std::multiset<std::string> confirmed = peer.confirmed();
  const std::vector<std::string> lines = reader.acknowledged_lines();
  return std::all_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return confirmed.count(line) > 0; });
}

}  // namespace carbon_spool
