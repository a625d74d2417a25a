#pragma once

#include <cstdlib>
#include <random>

namespace carbon_spool {

/// For a test that draws at random and says its seed: CARBON_SPOOL_SEED repeats a run that failed.
inline unsigned chosen_seed() {
  const char* const chosen = std::getenv("CARBON_SPOOL_SEED");
  return chosen == nullptr ? std::random_device{}() : static_cast<unsigned>(std::atoll(chosen));
}

}  // namespace carbon_spool
