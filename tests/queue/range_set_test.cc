#include "carbon_spool/queue/range_set.h"

#include <random>
#include <set>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

/// Every batch of this log has three points and ten bytes.
Mark mark(std::uint64_t sequence) {
  return {Sequence{sequence}, sequence * 3, sequence * 10};
}
Range range(std::uint64_t begin, std::uint64_t end) {
  return {mark(begin), mark(end)};
}

RangeSet set_of(std::initializer_list<Range> ranges) {
  RangeSet set;
  for (const Range& each : ranges) set.insert(each);
  return set;
}

TEST_CASE("ranges that meet become one", "[queue]") {
  CHECK(set_of({range(1, 3), range(3, 5)}) == set_of({range(1, 5)}));
  CHECK(set_of({range(3, 5), range(1, 3)}) == set_of({range(1, 5)}));
  CHECK(set_of({range(1, 2), range(8, 9), range(2, 8)}).size() == 1);
  CHECK(set_of({range(1, 3), range(4, 5)}).size() == 2);
}

TEST_CASE("erasing returns exactly what was in the set", "[queue]") {
  RangeSet set = set_of({range(1, 5), range(8, 10)});
  CHECK(set.erase(range(4, 9)) == set_of({range(4, 5), range(8, 9)}));
  CHECK(set == set_of({range(1, 4), range(9, 10)}));
  CHECK(set.erase(range(4, 9)).empty());
}

TEST_CASE("a range set counts points and bytes by its marks alone", "[queue]") {
  const RangeSet set = set_of({range(1, 5), range(8, 10)});
  CHECK(set.batches() == 6);
  CHECK(set.points() == 18);
  CHECK(set.bytes() == 60);
}

TEST_CASE("a range set behaves as a set of sequences", "[queue]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  RangeSet set;
  std::set<std::uint64_t> model;
  for (int step = 0; step < 20000; ++step) {
    const std::uint64_t begin = 1 + random() % 60;
    const std::uint64_t end = begin + random() % 12;
    if (random() % 2 == 0) {
      set.insert(range(begin, end));
      for (auto each = begin; each < end; ++each) model.insert(each);
    } else {
      std::uint64_t taken = 0;
      for (auto each = begin; each < end; ++each) taken += model.erase(each);
      REQUIRE(set.erase(range(begin, end)).batches() == taken);
    }
    REQUIRE(set.batches() == model.size());
    REQUIRE(set.points() == model.size() * 3);
    const std::uint64_t probe = 1 + random() % 75;
    REQUIRE(set.contains(Sequence{probe}) == (model.count(probe) == 1));
    REQUIRE(set.touches(Sequence{begin}, Sequence{end}) ==
            (model.lower_bound(begin) != model.end() && *model.lower_bound(begin) <= end));
    const auto low = model.lower_bound(begin);
    const auto high = model.lower_bound(end);
    REQUIRE(set.intersection(range(begin, end)).batches() ==
            static_cast<std::uint64_t>(std::distance(low, high)));
  }
}

}  // namespace
}  // namespace carbon_spool
