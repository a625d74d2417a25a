#include "rate.h"

#include <catch2/catch.hpp>

using namespace carbon_spool;

TEST_CASE("a steady stream shows its rate, and an ended one fades", "[output]") {
  Rate rate;
  Moment now = Moment{} + std::chrono::hours(1);
  CHECK(rate.per_second(now) == 0);
  for (int i = 0; i < 600; ++i) {
    now += std::chrono::milliseconds(100);
    rate.add(50, now);
  }
  CHECK(rate.per_second(now) == Approx(500).epsilon(0.02));
  CHECK(rate.per_second(now + std::chrono::seconds(10)) == Approx(500 * 0.368).epsilon(0.02));
  CHECK(rate.per_second(now + std::chrono::hours(1)) < 0.001);
}
