#include "carry_budget.h"

#include <catch2/catch.hpp>

using namespace carbon_spool;

TEST_CASE("a connection may carry its first batch whatever the budget, and no more than it",
          "[output]") {
  CarryBudget budget(1000, Milliseconds(60));
  CHECK(budget.has_room(0));
  CHECK(budget.has_room(999));
  CHECK_FALSE(budget.has_room(1000));
  CHECK_FALSE(budget.nearly_used(499));
  CHECK(budget.nearly_used(500));
}

TEST_CASE("an unclean end halves what a connection carries, down to one batch", "[output]") {
  CarryBudget budget(1 << 20, Milliseconds(60));
  budget.ended_unclean(1 << 20, 16);
  CHECK(budget.bytes() == 1 << 19);
  SECTION("by what it had carried, if that was less than it might have") {
    budget.ended_unclean(3000, 3);
    CHECK(budget.bytes() == 1500);
  }
  SECTION("after a single batch nothing fits beside it any more") {
    budget.ended_unclean(900, 1);
    CHECK(budget.has_room(0));
    CHECK_FALSE(budget.has_room(1));
  }
  SECTION("a connection that carried nothing says nothing") {
    budget.ended_unclean(0, 0);
    CHECK(budget.bytes() == 1 << 19);
  }
}

TEST_CASE("a clean end doubles the budget, up to where it began", "[output]") {
  CarryBudget budget(1 << 20, Milliseconds(60));
  budget.ended_unclean(600, 1);
  budget.ended_clean(600);
  CHECK(budget.bytes() == 1200);
  budget.ended_clean(100);
  CHECK(budget.bytes() == 2400);
  for (int i = 0; i < 20; ++i) budget.ended_clean(100);
  CHECK(budget.bytes() == 1 << 20);
}

TEST_CASE("when even one batch is not confirmed in time, the time doubles, up to an hour",
          "[output]") {
  CarryBudget budget(1 << 20, Milliseconds(60'000));
  budget.timed_out(100'000, 2);
  CHECK(budget.confirm_timeout() == Milliseconds(60'000));
  CHECK(budget.bytes() == 50'000);
  budget.timed_out(0, 1);
  CHECK(budget.bytes() == 50'000);
  CHECK(budget.confirm_timeout() == Milliseconds(120'000));
  budget.ended_unclean(50'000, 1);
  CHECK(budget.confirm_timeout() == Milliseconds(120'000));
  for (int i = 0; i < 10; ++i) budget.timed_out(50'000, 1);
  CHECK(budget.confirm_timeout() == std::chrono::hours(1));
  for (int i = 0; i < 10; ++i) budget.ended_clean(50'000);
  CHECK(budget.confirm_timeout() == Milliseconds(60'000));
}
