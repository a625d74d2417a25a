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
  supply.sources = {{&one, {}, nullptr, false}, {&two, {}, nullptr, false}};
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
  supply.sources = {{&reader, {first, second}, nullptr, false}};
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

TEST_CASE("of a divided reader a sender takes its own share, and others' while they are down",
          "[output]") {
  FakeReader reader;
  reader.divide_into(3);
  for (int i = 0; i < 2; ++i) reader.add();
  const auto own = std::make_shared<Standing>();
  const auto other = std::make_shared<Standing>();
  const auto nobody = std::make_shared<Standing>();
  Supply supply;
  supply.standing = own;
  const Keepers keepers{other, own, nobody};
  supply.sources = {{&reader, {}, std::make_shared<const Keepers>(keepers), false}};
  Sources sources(supply);
  const auto take = [&] {
    const auto parcel = sources.take(Part::Live);
    return parcel ? std::optional(parcel->source) : std::nullopt;
  };
  CHECK(take() == 1);
  CHECK(take() == 1);
  CHECK_FALSE(take());
  CHECK_FALSE(sources.has_unsent());
  int woken = 0;
  sources.on_change([&] { ++woken; });
  other->set(true);
  CHECK(woken == 1);
  CHECK(sources.has_unsent());
  const auto parcel = sources.take(Part::Live);
  REQUIRE(parcel);
  CHECK(parcel->source == 0);
  RangesBySource ranges;
  ranges[parcel->source].insert(parcel->batch->range());
  sources.put_back(ranges);
  CHECK(reader.shares_put_back() == std::vector<std::size_t>{0});
  sources.on_change({});
}

TEST_CASE("what others had confirmed is not sent again because this one fails again and again",
          "[output]") {
  FakeReader reader;
  reader.add();
  Supply supply;
  supply.sources = {{&reader, {}, nullptr, false}};
  Sources sources(supply);
  sources.resend_kept();  // it may be what it confirmed before a restart
  sources.resend_kept();
  CHECK(reader.seen().resends_of_kept == 1);
  const auto parcel = sources.take(Part::Live);
  REQUIRE(parcel);
  RangesBySource ranges;
  ranges[parcel->source].insert(parcel->batch->range());
  sources.acknowledge(ranges);
  sources.resend_kept();
  sources.resend_kept();
  CHECK(reader.seen().resends_of_kept == 2);
}

TEST_CASE("others see to what a destination that is down for long was to get, if it shares it",
          "[output]") {
  FakeReader reader;
  Supply supply;
  supply.standing = std::make_shared<Standing>();
  const bool own = GENERATE(true, false);
  supply.sources = {{&reader, {}, nullptr, own}};
  const Sources sources(supply);
  const Moment now = present();
  CHECK_FALSE(sources.others_see_to_it(now + Seconds(60), Milliseconds(1000)));
  supply.standing->set(true);
  CHECK_FALSE(sources.others_see_to_it(now, Milliseconds(1000)));
  CHECK(sources.others_see_to_it(now + Seconds(60), Milliseconds(1000)) == !own);
}

}  // namespace
}  // namespace carbon_spool
