// Live and backlog, what is kept to be sent again, and the limits that are not the cap.

#include <filesystem>

#include "eventually.h"
#include "queue_steps.h"
#include "set_clock.h"

namespace carbon_spool {
namespace {

std::string first_word(const std::optional<Reader::Taken>& taken) {
  if (!taken) return "";
  return std::string(taken->batch->lines().substr(0, taken->batch->lines().find('.')));
}

ReaderOptions kept_for(Seconds duration) {
  ReaderOptions options;
  options.keep_acknowledged_for = duration;
  return options;
}

std::uint64_t dropped(const Queue& queue, const std::string& reader, const std::string& reason) {
  const auto counts = stats_of(queue, reader).dropped_points;
  const auto at = counts.find(reason);
  return at == counts.end() ? 0 : at->second;
}

TEST_CASE("what comes after the beginning is live, what waited before is backlog", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  for (const char* name : {"old1", "old2"}) REQUIRE(append(*queue, producer, line_of(name)));
  reader.begin_live();
  for (const char* name : {"new1", "new2"}) REQUIRE(append(*queue, producer, line_of(name)));
  CHECK(stats_of(*queue, "a").backlog_points == 2);
  CHECK(stats_of(*queue, "a").unsent_points == 4);

  CHECK(first_word(reader.take(Part::Live)) == "new1");
  CHECK(first_word(reader.take(Part::Backlog)) == "old1");
  CHECK(first_word(reader.take(Part::Live)) == "new2");
  CHECK_FALSE(reader.has_unsent(Part::Live));
  CHECK(first_word(reader.take(Part::Live)).empty());
  CHECK(first_word(reader.take(Part::Backlog)) == "old2");
  CHECK_FALSE(reader.has_unsent());
}

TEST_CASE("a position with gaps survives a restart in the middle of a replay", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", {});
    for (const char* name : {"old1", "old2"}) REQUIRE(append(*queue, producer, line_of(name)));
    reader.begin_live();
    for (const char* name : {"new1", "new2"}) REQUIRE(append(*queue, producer, line_of(name)));
    reader.acknowledge(only(reader.take(Part::Live)->batch->range()));
    reader.acknowledge(only(reader.take(Part::Backlog)->batch->range()));
  }
  auto queue = open(options_for(folder));
  Reader& reader = queue->add_reader("a", {});
  CHECK_FALSE(reader.has_unsent(Part::Live));
  CHECK(first_word(reader.take(Part::Backlog)) == "old2");
  CHECK(first_word(reader.take(Part::Backlog)) == "new2");
}

TEST_CASE("beginning again and again does not make a position grow without bound", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  for (int i = 0; i < 200; ++i) {
    REQUIRE(append(*queue, producer, line_of("first" + std::to_string(i))));
    REQUIRE(append(*queue, producer, line_of("second" + std::to_string(i))));
    reader.acknowledge(only(reader.take(Part::Live)->batch->range()));
    reader.begin_live();
  }
  // Once there are too many gaps, what is live is sent in order instead.
  CHECK(stats_of(*queue, "a").backlog_points < 80);
  CHECK(stats_of(*queue, "a").pending_points == 200);
}

TEST_CASE("what is kept for a duration is let go after it, also over a restart", "[queue]") {
  const TempDir folder;
  SetClock clock(kTimestamp);
  const QueueOptions options = options_for(folder);
  {
    auto queue = open_at(options, clock);
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", kept_for(Seconds(600)));
    REQUIRE(append(*queue, producer, line_of("early")));
    take_all(reader, true);
    clock.forward(Seconds(400));
    REQUIRE(append(*queue, producer, line_of("late")));
    take_all(reader, true);
    CHECK(stats_of(*queue, "a").kept_points == 2);
    CHECK(stats_of(*queue, "a").pending_points == 0);
  }
  clock.forward(Seconds(300));
  auto queue = open_at(options, clock);
  Reader& reader = queue->add_reader("a", kept_for(Seconds(600)));
  REQUIRE(eventually([&] { return stats_of(*queue, "a").kept_points == 1; }));
  CHECK_FALSE(reader.has_unsent());  // it ended in order: nothing is sent again for that
  reader.resend_kept();
  const auto again = reader.take(Part::Backlog);
  CHECK(first_word(again) == "late");
  CHECK(again->sent_before);
  reader.acknowledge(only(again->batch->range()));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.acknowledged_points == 2);
  CHECK(stats.resent_points == 1);
  CHECK(stats.kept_points == 1);  // anew
}

TEST_CASE("after a crash what was kept is sent again: nobody watched the destination", "[queue]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  REQUIRE(append(*queue, producer, line_of("before")));
  Reader& reader = queue->add_reader("a", kept_for(Seconds(600)));
  REQUIRE(append(*queue, producer, line_of("kept")));
  take_all(reader, true);
  const std::string copy = folder / "copy";  // as a kill would leave it
  std::filesystem::copy(options.path, copy, std::filesystem::copy_options::recursive);
  options.path = copy;
  auto again = open(options);
  CHECK(first_word(again->add_reader("a", kept_for(Seconds(600))).take()) == "kept");
}

TEST_CASE("max_age drops what could not be sent in time, and only that", "[queue]") {
  const TempDir folder;
  SetClock clock(kTimestamp);
  QueueOptions options = options_for(folder);
  options.max_age = Seconds(3600);
  auto queue = open_at(options, clock);
  const ProducerId producer = queue->add_producer("test");
  Reader& down = queue->add_reader("down", {});
  Reader& up = queue->add_reader("up", {});
  for (int i = 0; i < 50; ++i) {
    REQUIRE(append(*queue, producer, line_of("old" + std::to_string(i))));
  }
  take_all(up, true);
  const auto under_way = down.take();
  clock.forward(Seconds(3000));
  for (int i = 0; i < 5; ++i) REQUIRE(append(*queue, producer, line_of("young")));
  clock.forward(Seconds(1000));
  REQUIRE(eventually([&] { return dropped(*queue, "down", "max_age") > 0; }));
  CHECK(dropped(*queue, "down", "max_age") == 49);  // what is under way may still arrive
  CHECK(dropped(*queue, "up", "max_age") == 0);
  down.acknowledge(only(under_way->batch->range()));
  CHECK(first_word(down.take()) == "young");
  CHECK(stats_of(*queue, "down").acknowledged_points == 1);
}

TEST_CASE("max_backlog makes one reader skip ahead, the oldest first", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  ReaderOptions bounded;
  bounded.max_backlog = 1u << 20;
  Reader& short_one = queue->add_reader("short", bounded);
  queue->add_reader("long", {});
  for (int i = 0; i < 40; ++i) {
    REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), 60'000)));
  }
  const ReaderStats stats = stats_of(*queue, "short");
  CHECK(stats.pending_points * 60'000 <= 1u << 20);
  CHECK(stats.pending_points * 60'000 > (1u << 20) / 2);
  CHECK(dropped(*queue, "short", "max_backlog") == 40 - stats.pending_points);
  CHECK(first_word(short_one.take()) == "p" + std::to_string(40 - stats.pending_points));
  CHECK(stats_of(*queue, "long").pending_points == 40);

  bounded.max_backlog = UINT64_MAX;
  short_one.change_options(bounded);
  for (int i = 0; i < 40; ++i) REQUIRE(append(*queue, producer, line_of("more", 60'000)));
  CHECK(stats_of(*queue, "short").pending_points == stats.pending_points + 40);
}

TEST_CASE("a reader that was released is an orphan, and comes back where it was", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", kept_for(Seconds(600)));
  for (const char* name : {"done", "taken", "rest"})
    REQUIRE(append(*queue, producer, line_of(name)));
  reader.acknowledge(only(reader.take()->batch->range()));
  REQUIRE(first_word(reader.take()) == "taken");
  queue->release_reader("a");
  CHECK(stats_of(*queue, "a").orphan);
  CHECK(stats_of(*queue, "a").kept_points == 0);
  REQUIRE(append(*queue, producer, line_of("meanwhile")));

  Reader& again = queue->add_reader("a", {});
  CHECK_FALSE(stats_of(*queue, "a").orphan);
  CHECK(first_word(again.take()) == "taken");
  CHECK(first_word(again.take()) == "rest");
  CHECK(first_word(again.take()) == "meanwhile");
}

TEST_CASE("a cap that is made smaller drops at once, one that is made larger lets more in",
          "[queue][cap]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("a", {});
  const auto append_mebibytes = [&](int count) {
    for (int i = 0; i < count * 17; ++i) {
      REQUIRE(append(*queue, producer, line_of("p", 62'000)));
    }
  };
  append_mebibytes(24);
  REQUIRE(stats_of(*queue, "a").dropped_points.empty());
  options.max_size = kMinQueueSize;
  queue->change_options(options);
  CHECK(queue->stats().bytes_on_disk <= kMinQueueSize);
  const std::uint64_t after_shrinking = dropped(*queue, "a", "cap");
  CHECK(after_shrinking > 0);

  options.max_size = 64u << 20;
  queue->change_options(options);
  append_mebibytes(24);
  CHECK(dropped(*queue, "a", "cap") == after_shrinking);
}

}  // namespace
}  // namespace carbon_spool
