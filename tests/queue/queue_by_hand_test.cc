// Walks, purges, positions that are removed or handed over.

#include <atomic>
#include <fstream>

#include "queue_steps.h"
#include "set_clock.h"

namespace carbon_spool {
namespace {

/// The first word of each batch of the walk; `?` for one that cannot be read.
std::vector<std::string> words(BatchWalk& walk) {
  std::vector<std::string> words;
  while (const auto step = walk.next()) {
    words.push_back(
        step->batch ? std::string(step->batch->lines().substr(0, step->batch->lines().find('.')))
                    : "?");
  }
  return words;
}

std::vector<std::string> words(const Queue& queue, const WalkOptions& options) {
  auto walk = queue.walk(options);
  REQUIRE(walk);
  return words(*walk.value());
}

using Words = std::vector<std::string>;

TEST_CASE("a walk sees what waits, and changes nothing", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    Reader& a = queue->add_reader("a", {});
    static_cast<void>(queue->add_reader("b", {}));
    for (const char* name : {"one", "two", "three"}) {
      REQUIRE(append(*queue, producer, line_of(name)));
    }
    a.acknowledge(only(a.take()->batch->range()));
    const auto walk = queue->walk({"a", false});
    REQUIRE(walk);
    CHECK(walk.value()->batches() == 2);
    CHECK(walk.value()->points() == 2);
    CHECK(words(*walk.value()) == Words{"two", "three"});
    CHECK(words(*queue, {"b", false}) == Words{"one", "two", "three"});
    CHECK(words(*queue, {}) == Words{"one", "two", "three"});
    CHECK(words(*queue, {{}, true}) == Words{"one", "two", "three"});
    CHECK(stats_of(*queue, "a").pending_points == 2);
    CHECK(queue->walk({"c", false}).error().message == "no destination \"c\" in the queue");
  }
  auto stopped = Queue::walk_stopped(folder / "queue", {"a", false});
  REQUIRE(stopped);
  CHECK(words(*stopped.value()) == Words{"two", "three"});
  CHECK_FALSE(Queue::walk_stopped(folder / "queue", {"c", false}));
  CHECK_FALSE(Queue::walk_stopped(folder / "nowhere", {}));
}

TEST_CASE("a walk passes over what is delivered meanwhile", "[queue]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.memory_for_newest = 0;
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  for (const char* name : {"one", "two", "three"}) {
    REQUIRE(append(*queue, producer, line_of(name)));
  }
  auto walk = queue->walk({"a", false});
  REQUIRE(walk);
  REQUIRE(walk.value()->next()->batch->lines().starts_with("one"));
  CHECK(take_all(reader, true).size() == 3);
  CHECK_FALSE(walk.value()->next());
}

TEST_CASE("a purge drops what waits, all of it or by age, and counts it", "[queue]") {
  const TempDir folder;
  SetClock clock(kTimestamp);
  auto queue = open_at(options_for(folder), clock);
  const ProducerId producer = queue->add_producer("test");
  Reader& a = queue->add_reader("a", {});
  static_cast<void>(queue->add_reader("b", {}));
  for (const char* name : {"one", "two", "three"}) {
    REQUIRE(append(*queue, producer, line_of(name)));
    clock.forward(Seconds(60));
  }
  const auto under_way = a.take();
  const std::int64_t limit = (std::int64_t{kTimestamp} + 120) * 1000;
  REQUIRE(queue->purge("a", limit).value() == 2);
  CHECK(words(*queue, {"a", false}) == Words{"three"});
  CHECK(stats_of(*queue, "a").dropped_points.at("purged") == 2);
  CHECK(stats_of(*queue, "b").pending_points == 3);
  // What was under way when it was purged counts nothing when it is confirmed.
  a.acknowledge(only(under_way->batch->range()));
  CHECK(stats_of(*queue, "a").acknowledged_points == 0);

  REQUIRE(queue->purge("a", {}).value() == 1);
  CHECK(stats_of(*queue, "a").dropped_points.at("purged") == 3);
  CHECK_FALSE(a.has_unsent());
  CHECK_FALSE(queue->purge("c", {}));
  REQUIRE(append(*queue, producer, line_of("four")));
  CHECK(a.take()->batch->lines().starts_with("four"));
}

TEST_CASE("a position that is forgotten does not come back", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    static_cast<void>(queue->add_reader("a", {}));
    REQUIRE(append(*queue, producer, line_of("one")));
    CHECK(queue->forget_reader("a").error().message == "\"a\" is in use: no orphan");
    queue->release_reader("a");
    REQUIRE(queue->forget_reader("a"));
    CHECK(queue->stats().readers.empty());
    CHECK(queue->stats().points == 0);
    CHECK_FALSE(queue->forget_reader("a"));
  }
  CHECK(open(options_for(folder))->stats().readers.empty());
}

TEST_CASE("an orphan's position becomes that of a name that has none", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    Reader& old = queue->add_reader("old", {});
    for (const char* name : {"one", "two"}) REQUIRE(append(*queue, producer, line_of(name)));
    old.acknowledge(only(old.take()->batch->range()));
    queue->release_reader("old");
    CHECK(queue->hand_over("old", "new").value() == 1);
  }
  auto queue = open(options_for(folder));
  REQUIRE(queue->stats().readers.size() == 1);
  Reader& reader = queue->add_reader("new", {});
  CHECK(stats_of(*queue, "new").acknowledged_points == 1);
  CHECK(stats_of(*queue, "new").received_points == 2);
  CHECK(reader.take()->batch->lines().starts_with("two"));
}

TEST_CASE("an heir gets what the orphan waits for, from before it began itself", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    static_cast<void>(queue->add_reader("old", {}));
    for (const char* name : {"one", "two"}) REQUIRE(append(*queue, producer, line_of(name)));
    queue->release_reader("old");
    Reader& heir = queue->add_reader("new", {});
    std::atomic<int> woken = 0;
    heir.on_unsent([&] { ++woken; });
    REQUIRE(append(*queue, producer, line_of("three")));
    heir.acknowledge(only(heir.take()->batch->range()));
    CHECK(stats_of(*queue, "old").pending_points == 3);  // an orphan gets everything
    CHECK(queue->hand_over("new", "old").error().message == "\"new\" is in use: no orphan");
    CHECK_FALSE(queue->hand_over("old", "old"));

    const int woken_before = woken;
    CHECK(queue->hand_over("old", "new").value() == 2);
    CHECK(woken > woken_before);
    CHECK(heir.has_unsent(Part::Backlog));
    CHECK_FALSE(heir.has_unsent(Part::Live));
    const ReaderStats stats = stats_of(*queue, "new");
    CHECK(stats.received_points == 3);
    CHECK(stats.pending_points == 2);
    CHECK(heir.take()->batch->lines().starts_with("one"));
    heir.on_unsent({});
  }
  auto queue = open(options_for(folder));
  REQUIRE(queue->stats().readers.size() == 1);
  CHECK(take_all(queue->add_reader("new", {}), true).size() == 2);
}

TEST_CASE("while the disk fails no position is removed", "[queue]") {
  const TempDir folder;
  std::ofstream(folder / "file") << "not a folder";
  QueueOptions options = options_for(folder);
  options.path = folder / "file/queue";
  auto queue = open(options);
  for (const char* name : {"a", "b"}) {
    static_cast<void>(queue->add_reader(name, {}));
    queue->release_reader(name);
  }
  CHECK(queue->forget_reader("a").error().message.starts_with("the disk fails: "));
  CHECK(queue->hand_over("a", "b").error().message.starts_with("the disk fails: "));
  CHECK(queue->stats().readers.size() == 2);
}

}  // namespace
}  // namespace carbon_spool
