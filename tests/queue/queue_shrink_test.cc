// What only few readers need is put into tables of what they need of it.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "members.h"

namespace carbon_spool {
namespace {

constexpr std::uint64_t kMiB = 1ull << 20;

TEST_CASE("one dead member of ten costs a tenth of the disk, and gets every point once",
          "[queue][shrink]") {
  Members members;
  // 24 MiB that hardly compress: one and a half times the cap.
  for (int i = 0; i < 24; ++i) {
    members.append_and_deliver(175, "j");
    const std::uint64_t tenth = static_cast<std::uint64_t>(i + 1) * kMiB / 10;
    // Besides: two segments of write-ahead log, and tables on the way.
    REQUIRE(eventually([&] { return members.queue().stats().bytes_on_disk < 6 * kMiB + tenth; }));
  }
  const ReaderStats waiting = stats_of(members.queue(), "j");
  CHECK(waiting.pending_points == 24 * 175 * 10);
  CHECK(waiting.dropped_points.empty());
  members.check_gets_all("j");
  const ReaderStats stats = stats_of(members.queue(), "j");
  CHECK(stats.acknowledged_points == 24 * 175);
  CHECK(stats.routed_elsewhere_points == 24 * 175 * 9);
  CHECK(stats.sent_points == stats.acknowledged_points);
  CHECK(stats.resent_points == 0);
  REQUIRE(eventually([&] { return members.queue().stats().bytes_on_disk < 4 * kMiB; }));
}

TEST_CASE("what was shrunk is there after a restart, and for who takes, puts back and takes again",
          "[queue][shrink]") {
  Members members;
  members.append_and_deliver(1000, "j");
  members.wait_until_shrunk("j");
  const auto first = members.reader("j").take();
  members.close();
  members.open();
  CHECK(members.shrunk_batches("j") >= 500);
  RangeSet taken;
  for (int i = 0; i < 700; ++i) taken.insert(members.reader("j").take()->batch->range());
  CHECK(stats_of(members.queue(), "j").unconfirmed_points == 700);
  members.reader("j").put_back(taken);
  CHECK(stats_of(members.queue(), "j").unsent_points == 300 * 10 + 700);
  members.check_gets_all("j");
  CHECK(stats_of(members.queue(), "j").resent_points == 700);
}

TEST_CASE("what a route dropped is counted so when it is not there any more", "[queue][shrink]") {
  Members members;
  members.append_and_deliver(1200, "ij", "abcdexxij");
  members.wait_until_shrunk("i");
  members.check_gets_all("i");
  members.check_gets_all("j");
  for (const char* name : {"a", "i", "j"}) {
    const ReaderStats stats = stats_of(members.queue(), name);
    CHECK(stats.dropped_points.at("route") == 2 * 1200);
    CHECK(stats.routed_elsewhere_points == 6 * 1200);
    CHECK(stats.acknowledged_points == 1200);
  }
}

TEST_CASE("a point that a route drops for one reader and not for another is counted for each",
          "[queue][shrink]") {
  Members members;
  members.add("x", gets("x"));
  members.append_and_deliver(1200, "jx", "abcdefghijx");
  members.wait_until_shrunk("j");
  members.check_gets_all("j");
  members.check_gets_all("x");
  CHECK(stats_of(members.queue(), "j").dropped_points.at("route") == 1200);
  CHECK(stats_of(members.queue(), "x").dropped_points.empty());
  CHECK(stats_of(members.queue(), "x").routed_elsewhere_points == 10 * 1200);
}

TEST_CASE("batches in which nothing is for who needs them are passed over", "[queue][shrink]") {
  Members members;
  members.append_and_deliver(1000, "j", "abcdefghi");
  members.append_and_deliver(1, "j");
  members.append_and_deliver(1000, "j", "abcdefghi");
  members.wait_until_shrunk("j");
  const auto only_one = members.reader("j").take();
  REQUIRE(only_one);
  CHECK(only_one->batch->points() == 1);
  CHECK_FALSE(members.reader("j").take());
  members.reader("j").acknowledge(only(only_one->batch->range()));
  CHECK(stats_of(members.queue(), "j").routed_elsewhere_points == 2000 * 9 + 9);
}

TEST_CASE("a changed selection gets of a shrunk stretch what was kept then", "[queue][shrink]") {
  Members members;
  members.append_and_deliver(1000, "ij");
  members.wait_until_shrunk("j");
  members.reader("j").change_options(gets("abcij"));
  const auto shrunk = members.reader("j").take();
  CHECK(shrunk->batch->points() == 2);
  members.append(1);
  const auto whole = members.reader("j").take(Part::Live);
  while (const auto next = members.reader("j").take()) {
    if (next->batch->range().begin.sequence.value == 1001) CHECK(next->batch->points() == 5);
  }
  members.reader("j").acknowledge(only(Range{Mark{Sequence{1}, 0, 0}, Mark{Sequence{1002}, 0, 0}}));
  CHECK(stats_of(members.queue(), "j").pending_points == 0);
}

TEST_CASE("what was shrunk can be looked at, purged and handed over", "[queue][shrink]") {
  Members members;
  members.append_and_deliver(1000, "hij");
  members.wait_until_shrunk("j");
  WalkOptions of_j;
  of_j.reader = "j";

  SECTION("looked at while the queue is open, and when it is not") {
    members.close();
    auto stopped = Queue::walk_stopped(members.path(), of_j);
    REQUIRE(stopped);
    std::uint64_t batches = 0;
    std::uint64_t points = 0;
    while (const auto step = stopped.value()->next()) {
      REQUIRE(step->batch);
      CHECK(step->batch->range().points() == 10);
      points += step->batch->points();
      ++batches;
    }
    CHECK(batches == 1000);
    CHECK(points < 1000 * 7);
    const auto stats = Queue::inspect(members.path());
    REQUIRE(stats);
    CHECK(stats.value().points == 10 * 1000);
    CHECK(stats.value().bytes_on_disk < 6 * kMiB);
  }
  SECTION("purged") {
    CHECK(members.queue().purge("j", {}).value() == 10 * 1000);
    CHECK(stats_of(members.queue(), "j").dropped_points.at("purged_unread") == 10 * 1000);
    members.check_gets_all("h");
    members.check_gets_all("i");
    REQUIRE(eventually([&] { return members.queue().stats().bytes_on_disk < 4 * kMiB; }));
  }
  SECTION("handed over to who gets all of it") {
    members.release("j");
    REQUIRE(members.queue().hand_over("j", "heir"));
    members.add("heir", {});
    std::uint64_t points = 0;
    RangeSet taken;
    while (const auto next = members.reader("heir").take()) {
      points += next->batch->points();
      taken.insert(next->batch->range());
    }
    CHECK(points < 1000 * 7);
    CHECK(stats_of(members.queue(), "heir").pending_points == points);
    members.reader("heir").acknowledge(taken);
    CHECK(stats_of(members.queue(), "heir").acknowledged_points == points);
  }
  SECTION("handed over to another member, which gets what is its of what is left") {
    members.release("j");
    REQUIRE(members.queue().hand_over("j", "heir"));
    members.add("heir", gets("j"));
    CHECK(take_all(members.reader("heir"), true).size() == 1000);
    CHECK(stats_of(members.queue(), "heir").acknowledged_points == 1000);
  }
  SECTION("a new reader that begins with the oldest gets what is left") {
    ReaderOptions options = gets("abcdefghij");
    options.start = ReaderStart::Oldest;
    members.add("late", options);
    std::uint64_t points = 0;
    while (const auto next = members.reader("late").take()) points += next->batch->points();
    CHECK(points >= 3 * 1000);
    CHECK(points < 1000 * 7);
    CHECK(stats_of(members.queue(), "late").received_points == 10 * 1000);
  }
  SECTION("dropped by the cap, and the numbers add up") {
    members.queue().change_options(members.options());
    for (int i = 0; i < 30; ++i) members.append_and_deliver(150, "hij", "hij");
    for (int i = 0; i < 15; ++i) members.append(150);
    const ReaderStats stats = stats_of(members.queue(), "j");
    REQUIRE(stats.dropped_points.count("cap_unread") == 1);
    CHECK(members.queue().stats().bytes_on_disk <= kMinQueueSize);
  }
}

}  // namespace
}  // namespace carbon_spool
