// The cap: what each policy does when the queue is full, and that the folder never takes more.

#include <atomic>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "queue_steps.h"

namespace carbon_spool {
namespace {

std::uint64_t bytes_on_disk(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(file, gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

QueueOptions full_soon(const TempDir& folder, WhenFull when_full) {
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = when_full;
  options.sync.kind = SyncPolicy::Kind::Never;
  return options;
}

TEST_CASE("at the cap the oldest go, counted, and the folder stays below it", "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::DropOldest);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::uint64_t highest = 0;
  std::uint64_t least_at_end = UINT64_MAX;
  constexpr int kBatches = 1000;
  for (int i = 0; i < kBatches; ++i) {
    REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), kMaxBatchBytes)));
    const std::uint64_t now = bytes_on_disk(options.path);
    highest = std::max(highest, now);
    if (i > kBatches / 2) least_at_end = std::min(least_at_end, now);
  }
  CHECK(highest <= options.max_size);
  CHECK(least_at_end >= options.max_size / 2);
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.received_points == kBatches);
  CHECK(stats.dropped_points.at("cap") > 0);
  const auto left = take_all(reader, true);
  CHECK(left.size() == stats.pending_points);
  CHECK(left.back().starts_with("p999."));
}

TEST_CASE("with drop_newest a reader that keeps up gets all, one that is down keeps its oldest",
          "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::DropNewest);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& up = queue->add_reader("up", {});
  Reader& down = queue->add_reader("down", {});
  constexpr std::uint64_t kBatches = 1000;
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), kMaxBatchBytes)));
    REQUIRE(take_all(up, true).size() == 1);
    REQUIRE(bytes_on_disk(options.path) <= options.max_size);
  }
  CHECK(stats_of(*queue, "up").acknowledged_points == kBatches);
  const ReaderStats stats = stats_of(*queue, "down");
  CHECK(stats.received_points == kBatches);
  CHECK(stats.dropped_points.at("cap") > kBatches / 3);
  const auto left = take_all(down, true);
  CHECK(left.size() == stats.pending_points);
  CHECK(left.front().starts_with("p0."));
}

TEST_CASE("with drop_newest and nobody keeping up, what is turned away is received and dropped",
          "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::DropNewest);
  constexpr std::uint64_t kBatches = 400;
  std::uint64_t pending = 0;
  {
    auto queue = open(options);
    const ProducerId producer = queue->add_producer("test");
    queue->add_reader("down", {});
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), kMaxBatchBytes)));
    }
    pending = stats_of(*queue, "down").pending_points;
  }
  auto queue = open(options);
  Reader& down = queue->add_reader("down", {});
  CHECK(stats_of(*queue, "down").received_points == kBatches);
  CHECK(stats_of(*queue, "down").pending_points == pending);
  CHECK(take_all(down, true).size() == pending);
}

TEST_CASE("with block nothing is dropped: the producer waits until there is room", "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::Block);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  constexpr std::uint64_t kBatches = 600;
  auto producing = std::async(std::launch::async, [&] {
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      if (!append(*queue, producer, line_of("p" + std::to_string(i), kMaxBatchBytes))) return i;
    }
    return kBatches;
  });
  std::uint64_t taken = 0;
  while (taken < kBatches) taken += take_all(reader, true).size();
  CHECK(producing.get() == kBatches);
  CHECK(stats_of(*queue, "a").acknowledged_points == kBatches);
  CHECK(queue->stats().dropped_points == 0);
}

TEST_CASE("a producer that is blocked by the cap is released by the stop and told that it failed",
          "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::Block);
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("a", {});
  std::atomic<std::uint64_t> accepted{0};
  auto producing = std::async(std::launch::async, [&] {
    while (append(*queue, producer, line_of("p", kMaxBatchBytes))) ++accepted;
  });
  while (queue->stats().bytes_on_disk < options.max_size / 2) std::this_thread::yield();
  queue->stop_appending();
  producing.get();
  CHECK(stats_of(*queue, "a").pending_points == accepted);
}

TEST_CASE("orphans give way first", "[queue][cap]") {
  const TempDir folder;
  const QueueOptions options = full_soon(folder, WhenFull::Block);
  {
    auto queue = open(options);
    queue->add_reader("gone", {});
  }
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  for (int i = 0; i < 600; ++i) {
    REQUIRE(append(*queue, producer, line_of("p", kMaxBatchBytes)));
    REQUIRE(take_all(reader, true).size() == 1);
  }
  const ReaderStats orphan = stats_of(*queue, "gone");
  CHECK(orphan.orphan);
  CHECK(orphan.dropped_points.at("cap") > 0);
  CHECK(stats_of(*queue, "a").acknowledged_points == 600);
}

TEST_CASE("a queue written under one cap opens under a smaller one and shrinks to it",
          "[queue][cap]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.max_size = 64ull << 20;
  options.sync.kind = SyncPolicy::Kind::Never;
  {
    auto queue = open(options);
    const ProducerId producer = queue->add_producer("test");
    queue->add_reader("a", {});
    for (int i = 0; i < 700; ++i) REQUIRE(append(*queue, producer, line_of("p", kMaxBatchBytes)));
  }
  REQUIRE(bytes_on_disk(options.path) > kMinQueueSize * 2);
  options.max_size = kMinQueueSize;
  auto queue = open(options);
  CHECK(bytes_on_disk(options.path) <= kMinQueueSize);
  queue->add_reader("a", {});
  CHECK(stats_of(*queue, "a").received_points == 700);
  CHECK(stats_of(*queue, "a").dropped_points.at("cap") > 0);
}

}  // namespace
}  // namespace carbon_spool
