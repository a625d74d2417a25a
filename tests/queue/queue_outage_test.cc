// A disk that fails: what comes in is kept in memory, and goes on the disk once it is well again.

#include <filesystem>
#include <fstream>
#include <thread>

#include "eventually.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

/// Appends without waiting for it to be durable.
void append_at_once(Queue& queue, ProducerId producer, const std::string& line) {
  auto builder = queue.obtain_builder();
  REQUIRE(builder);
  std::memcpy(builder->room().data(), line.data(), line.size());
  builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
  static_cast<void>(queue.submit(std::move(*builder)));
}

/// At once: the queue tries to use it all the time.
void lead_to(const std::string& link, const std::string& target) {
  std::filesystem::create_symlink(target, link + ".new");
  std::filesystem::rename(link + ".new", link);
}

bool well(const Queue& queue) {
  return queue.stats().last_error.empty();
}

TEST_CASE("a queue begins without its disk, and what an earlier run left joins in later",
          "[queue][outage]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  std::filesystem::create_directory(folder / "good");
  lead_to(folder / "disk", folder / "good");
  options.path = folder / "disk/queue";
  {
    auto queue = open(options);
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", {});
    queue->add_reader("orphan", {});
    for (const char* name : {"done", "earlier"}) REQUIRE(append(*queue, producer, line_of(name)));
    reader.acknowledge(only(reader.take()->batch->range()));
    queue->put_note("refused/test", "bad_value 1");
  }
  std::ofstream(folder / "file") << "not a folder";
  lead_to(folder / "disk", folder / "file");

  auto queue = open(options);
  CHECK_FALSE(well(*queue));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::uint64_t accepted = 0;
  for (const char* name : {"first", "second"}) {
    append_at_once(*queue, producer, line_of(name));
    ++accepted;
    REQUIRE(eventually([&] { return stats_of(*queue, "a").received_points == accepted; }));
  }
  const auto first = reader.take(Part::Live);
  REQUIRE(first->batch->lines().starts_with("first"));
  reader.acknowledge(only(first->batch->range()));
  REQUIRE(eventually([&] { return queue->stats().points_in_memory == 1; }));

  lead_to(folder / "disk", folder / "good");
  REQUIRE(eventually([&] { return well(*queue); }));
  CHECK(queue->note("refused/test") == "bad_value 1");
  CHECK(queue->stats().points_in_memory == 0);
  ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.received_points == 4);
  CHECK(stats.acknowledged_points == 2);
  CHECK(stats.pending_points == 2);
  CHECK(stats_of(*queue, "orphan").pending_points == 4);
  CHECK(queue->stats().producers.at(0).accepted_points == 4);
  REQUIRE(append(*queue, producer, line_of("third")));

  queue.reset();
  queue = open(options);
  Reader& again = queue->add_reader("a", {});
  std::vector<std::string> names;
  for (const std::string& line : take_all(again, true))
    names.push_back(line.substr(0, line.find('.')));
  CHECK(names == std::vector<std::string>{"earlier", "second", "third"});
  CHECK(stats_of(*queue, "a").acknowledged_points == 5);
}

TEST_CASE(
    "what does not fit into memory is dropped, the oldest first, and told to who waits for it",
    "[queue][outage]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.memory_limit = 1u << 20;
  std::ofstream(folder / "queue") << "in the way";
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::promise<bool> answer;
  auto builder = queue->obtain_builder();
  const std::string line = line_of("waits", 60'000);
  std::memcpy(builder->room().data(), line.data(), line.size());
  builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
  queue->when_durable(queue->submit(std::move(*builder)), [&](bool yes) { answer.set_value(yes); });
  for (int i = 0; i < 40; ++i) append_at_once(*queue, producer, line_of("p", 60'000));
  CHECK_FALSE(answer.get_future().get());
  REQUIRE(eventually([&] { return stats_of(*queue, "a").received_points == 41; }));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.pending_points * 60'000 <= options.memory_limit);
  CHECK(stats.pending_points * 60'000 > options.memory_limit / 2);
  CHECK(stats.dropped_points.at("memory_limit") == 41 - stats.pending_points);

  std::filesystem::remove(folder / "queue");
  REQUIRE(eventually([&] { return well(*queue); }));
  CHECK(take_all(reader, true).size() == stats.pending_points);
}

TEST_CASE("with block nothing is dropped from memory: the producer waits", "[queue][outage]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.memory_limit = 1u << 20;
  options.when_full = WhenFull::Block;
  std::ofstream(folder / "queue") << "in the way";
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::thread appending([&] {
    for (int i = 0; i < 100; ++i) append_at_once(*queue, producer, line_of("p", 60'000));
  });
  REQUIRE(eventually([&] { return queue->stats().points_in_memory >= 17; }));
  std::filesystem::remove(folder / "queue");
  appending.join();
  REQUIRE(eventually([&] { return stats_of(*queue, "a").received_points == 100; }));
  CHECK(stats_of(*queue, "a").dropped_points.empty());
  CHECK(take_all(reader, true).size() == 100);
}

TEST_CASE("a stop while the disk fails answers everybody", "[queue][outage]") {
  const TempDir folder;
  const QueueOptions options = options_for(folder);
  std::ofstream(folder / "queue") << "in the way";
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("a", {});
  auto builder = queue->obtain_builder();
  const std::string line = line_of("p");
  std::memcpy(builder->room().data(), line.data(), line.size());
  builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
  std::promise<bool> answer;
  queue->when_durable(queue->submit(std::move(*builder)), [&](bool yes) { answer.set_value(yes); });
  queue->stop_appending();
  CHECK_FALSE(answer.get_future().get());
}

}  // namespace
}  // namespace carbon_spool
