#include "refusal_note.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

TEST_CASE("counts of refused lines come back from their note", "[daemon]") {
  RefusalCounts counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = 1'000'000'000'000 + i;
  CHECK(from_refusal_note(to_refusal_note(counts)) == counts);
  CHECK(from_refusal_note(to_refusal_note({})) == RefusalCounts{});
}

TEST_CASE("a note of refused lines is stored by the reasons' names", "[daemon]") {
  RefusalCounts counts{};
  counts[static_cast<std::size_t>(Refusal::NoValue)] = 1;
  counts[static_cast<std::size_t>(Refusal::BadValue)] = 3;
  CHECK(to_refusal_note(counts) == "no_value 1 bad_value 3");
  CHECK(refusal_note_key("graphite") == "refused/graphite");
}

TEST_CASE("what a note of refused lines should not hold is passed over", "[daemon]") {
  RefusalCounts counts{};
  counts[static_cast<std::size_t>(Refusal::BadValue)] = 3;
  CHECK(from_refusal_note("of_a_later_version 7 bad_value 3") == counts);
  CHECK(from_refusal_note("bad_value 3 no_value") == counts);
  CHECK(from_refusal_note("bad_value 3 no_value many bad_timestamp 1") == counts);
}

}  // namespace
}  // namespace carbon_spool
