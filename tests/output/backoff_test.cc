#include "backoff.h"

#include <catch2/catch.hpp>

using namespace carbon_spool;

TEST_CASE("back-off grows from 100 ms to its limit, cut by up to a half", "[output]") {
  Backoff backoff(Milliseconds(1000), 1);
  for (const int full : {100, 200, 400, 800, 1000, 1000}) {
    const Milliseconds delay = backoff.next();
    CHECK(delay <= Milliseconds(full));
    CHECK(delay >= Milliseconds(full / 2));
  }
}

TEST_CASE("the first retry after a good connection is immediate, then back-off starts over",
          "[output]") {
  Backoff backoff(Milliseconds(1000), 1);
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.next());
  backoff.connection_was_good();
  CHECK(backoff.next() == Milliseconds(0));
  CHECK(backoff.next() <= Milliseconds(100));
  CHECK(backoff.next() > Milliseconds(50));
}

TEST_CASE("senders with different seeds do not come back in step", "[output]") {
  Backoff one(Milliseconds(30'000), 1);
  Backoff other(Milliseconds(30'000), 2);
  int different = 0;
  for (int i = 0; i < 10; ++i) different += one.next() != other.next() ? 1 : 0;
  CHECK(different > 0);
}
