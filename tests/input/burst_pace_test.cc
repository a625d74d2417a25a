#include "burst_pace.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr BurstPace::Moment kStart{hours(1)};
constexpr std::size_t kLine = 60;

TEST_CASE("what comes alone is not followed by a rest", "[burst_pace]") {
  BurstPace pace;
  for (int burst = 0; burst < 5; ++burst) {
    pace.count(kLine);
    CHECK_FALSE(pace.end_burst(kStart + burst * 2 * BurstPace::kSteady));
  }
}

TEST_CASE("once small bursts follow each other, each is followed by a rest", "[burst_pace]") {
  BurstPace pace;
  pace.count(kLine);
  CHECK_FALSE(pace.end_burst(kStart));
  for (int burst = 1; burst < 5; ++burst) {
    const BurstPace::Moment now = kStart + burst * milliseconds(1);
    pace.count(kLine);
    CHECK(pace.end_burst(now) == now + BurstPace::kEvery);
  }
}

TEST_CASE("large bursts are followed by none", "[burst_pace]") {
  BurstPace pace;
  for (int burst = 0; burst < 5; ++burst) {
    pace.count(BurstPace::kSmallBytes);
    pace.count(1);
    CHECK_FALSE(pace.end_burst(kStart + burst * milliseconds(1)));
  }
}

TEST_CASE("a burst in which nothing was read counts for nothing", "[burst_pace]") {
  BurstPace pace;
  pace.count(kLine);
  CHECK_FALSE(pace.end_burst(kStart));
  CHECK_FALSE(pace.end_burst(kStart + milliseconds(1)));
  pace.count(kLine);
  CHECK_FALSE(pace.end_burst(kStart + milliseconds(1) + BurstPace::kSteady));
}

}  // namespace
}  // namespace carbon_spool
