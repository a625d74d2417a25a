// Notes: texts beside the log, by themselves or in one step with points.

#include <filesystem>

#include "copy_at_rest.h"
#include "env_on.h"
#include "eventually.h"
#include "failing_disk.h"
#include "queue_impl.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

/// A point, or none, and a note of how many there were.
Ticket append_noted(Queue& queue, ProducerId producer, int number, bool with_point = true) {
  auto builder = queue.obtain_builder();
  REQUIRE(builder);
  if (with_point) {
    const std::string line = line_of("n" + std::to_string(number));
    std::memcpy(builder->room().data(), line.data(), line.size());
    builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
  }
  builder->add_note("place", std::to_string(number));
  return queue.submit(std::move(*builder));
}

void wait_for(Queue& queue, Ticket ticket) {
  std::promise<bool> accepted;
  queue.when_durable(ticket, [&](bool yes) { accepted.set_value(yes); });
  REQUIRE(accepted.get_future().get());
}

TEST_CASE("a note that came with points is there after a restart, the last of its key", "[queue]") {
  const TempDir folder;
  const QueueOptions options = options_for(folder);
  {
    auto queue = open(options);
    const ProducerId producer = queue->add_producer("test");
    queue->add_reader("a", {});
    Ticket last = 0;
    for (int i = 1; i <= 100; ++i) last = append_noted(*queue, producer, i);
    wait_for(*queue, last);
    CHECK(queue->note("place") == "100");
    wait_for(*queue, append_noted(*queue, producer, 101, false));
    CHECK(queue->note("place") == "101");
    CHECK(stats_of(*queue, "a").received_points == 100);
  }
  auto queue = open(options);
  CHECK(queue->note("place") == "101");
  CHECK(queue->stats().notes.at("place") == "101");
}

TEST_CASE("what is handed over together is there together, whenever the process is killed",
          "[queue]") {
  constexpr int kTogether = 12;
  const TempDir folder;
  const QueueOptions options = options_for(folder);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("a", {});
  for (int round = 1; round <= 60; ++round) {
    std::vector<BatchBuilder> builders;
    for (int i = 0; i < kTogether; ++i) {
      auto builder = queue->obtain_builder();
      REQUIRE(builder);
      const std::string line = line_of("n" + std::to_string(i), 16'000);
      std::memcpy(builder->room().data(), line.data(), line.size());
      builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
      builders.push_back(std::move(*builder));
    }
    builders.front().add_note("place", std::to_string(round * kTogether));
    const Ticket ticket = queue->submit_together(std::move(builders));
    if (round % 12 == 0) wait_for(*queue, ticket);
    if (round % 6 != 0) continue;
    copy_at_rest(folder / "queue", folder / "copy");
    const auto as_killed = Queue::inspect(folder / "copy");
    REQUIRE(as_killed);
    const ReaderStats reader = as_killed.value().readers.at(0);
    CHECK(reader.received_points % kTogether == 0);
    const auto& notes = as_killed.value().notes;
    const std::string place = notes.contains("place") ? notes.at("place") : "0";
    CHECK(place == std::to_string(reader.received_points));
  }
}

TEST_CASE("an empty note is none, also after a restart", "[queue]") {
  const TempDir folder;
  const QueueOptions options = options_for(folder);
  {
    auto queue = open(options);
    queue->put_note("by hand", "1");
    wait_for(*queue, append_noted(*queue, queue->add_producer("test"), 1));
  }
  {
    auto queue = open(options);
    queue->put_note("by hand", "");
    auto builder = queue->obtain_builder();
    builder->add_note("place", "");
    wait_for(*queue, queue->submit(std::move(*builder)));
    CHECK_FALSE(queue->note("place"));
    CHECK_FALSE(queue->note("by hand"));
  }
  auto queue = open(options);
  CHECK_FALSE(queue->note("place"));
  CHECK_FALSE(queue->note("by hand"));
  CHECK(queue->stats().notes.empty());
}

TEST_CASE("whenever a process is killed, a note and its points are both there or neither is",
          "[queue]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("a", {});
  for (int i = 1; i <= 200; ++i) {
    const Ticket ticket = append_noted(*queue, producer, i);
    if (i % 20 != 0) continue;
    if (i % 40 == 0) wait_for(*queue, ticket);
    copy_at_rest(folder / "queue", folder / "copy");
    QueueOptions as_killed = options;
    as_killed.path = folder / "copy";
    auto other = open(as_killed);
    const std::uint64_t points = stats_of(*other, "a").received_points;
    CHECK(other->note("place").value_or("0") == std::to_string(points));
    for (const ProducerStats& each : other->stats().producers) {
      CHECK(each.accepted_points == points);
    }
  }
}

TEST_CASE("while the disk fails, notes wait with their points", "[queue][outage]") {
  const TempDir folder;
  const QueueOptions options = options_for(folder);
  const auto disk = std::make_shared<FailingDisk>();
  EnvOn env(disk);
  const auto open_queue = [&] {
    auto queue = std::make_unique<QueueImpl>(options, system_clock(),
                                             Ground{env, std::chrono::milliseconds(2)});
    REQUIRE(queue->open());
    return queue;
  };
  {
    auto queue = open_queue();
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", {});
    wait_for(*queue, append_noted(*queue, producer, 1));
    queue->put_note("by hand", "1");

    disk->fail({FailingDisk::AllWrites, "", rocksdb::IOStatus::IOError("broken")});
    Ticket last = 0;
    for (int i = 2; i <= 40; ++i) last = append_noted(*queue, producer, i);
    last = append_noted(*queue, producer, 41, false);
    queue->put_note("by hand", "");
    REQUIRE(eventually([&] { return queue->note("place") == "41"; }));
    CHECK_FALSE(queue->note("by hand"));
    // Some of what is in memory is let go of; its notes are not.
    for (int i = 0; i < 3; ++i) {
      const auto taken = reader.take(Part::Live);
      REQUIRE(taken);
      reader.acknowledge(only(taken->batch->range()));
    }
    copy_at_rest(folder / "queue", folder / "copy");
    const auto as_killed = Queue::inspect(folder / "copy");
    REQUIRE(as_killed);
    CHECK(as_killed.value().notes.at("place") == "1");

    disk->heal();
    wait_for(*queue, last);
    CHECK(queue->note("place") == "41");
  }
  auto queue = open_queue();
  CHECK(queue->note("place") == "41");
  CHECK_FALSE(queue->note("by hand"));
  CHECK(stats_of(*queue, "a").received_points == 40);
}

}  // namespace
}  // namespace carbon_spool
