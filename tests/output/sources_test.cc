#include "sources.h"

#include <catch2/catch.hpp>

#include "fake_reader.h"

namespace carbon_spool {
namespace {

TEST_CASE("sources have their turns, and get back what came from them", "[output]") {
  FakeReader one;
  FakeReader two;
  for (int i = 0; i < 2; ++i) {
    one.add();
    two.add();
  }
  Supply supply;
  supply.sources = {{&one, {}, {}}, {&two, {}, {}}};
  Sources sources(supply);
  std::vector<std::size_t> turns;
  RangesBySource ranges;
  while (const auto parcel = sources.take(Part::Live)) {
    turns.push_back(parcel->source);
    ranges[parcel->source].insert(parcel->batch->range());
  }
  CHECK(turns == std::vector<std::size_t>{0, 1, 0, 1});
  CHECK_FALSE(sources.has_unsent());
  sources.put_back({{1, ranges.at(1)}});
  CHECK(sources.has_unsent());
  CHECK_FALSE(one.seen().any_unsent);
  sources.acknowledge({{0, ranges.at(0)}});
  CHECK(one.seen().all_acknowledged);
  CHECK(two.seen().acknowledged_batches == 0);
}

TEST_CASE("what is for others is taken only while all of them are down", "[output]") {
  FakeReader reader;
  reader.add();
  const auto first = std::make_shared<Standing>();
  const auto second = std::make_shared<Standing>();
  Supply supply;
  supply.sources = {{&reader, {}, {first, second}}};
  Sources sources(supply);
  int woken = 0;
  sources.on_change([&] { ++woken; });
  CHECK_FALSE(sources.has_unsent());
  first->set(true);
  first->set(true);
  CHECK(woken == 1);
  CHECK_FALSE(sources.take(Part::Live));
  second->set(true);
  CHECK(sources.has_unsent());
  CHECK(sources.take(Part::Live));
  reader.add();
  second->set(false);
  CHECK_FALSE(sources.take(Part::Live));
  const int before = woken;
  sources.on_change({});
  first->set(false);
  CHECK(woken == before);
}

TEST_CASE("a standing tells since when", "[output]") {
  Standing standing;
  CHECK_FALSE(standing.down_since());
  standing.set(true);
  const auto since = standing.down_since();
  REQUIRE(since);
  standing.set(true);
  CHECK(standing.down_since() == since);
  standing.set(false);
  CHECK_FALSE(standing.down_since());
}

}  // namespace
}  // namespace carbon_spool
