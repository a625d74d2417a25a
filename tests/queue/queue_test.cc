#include "carbon_spool/queue/queue.h"

#include <cstring>
#include <filesystem>
#include <future>
#include <string>

#include <catch2/catch.hpp>

#include "temp_dir.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kTimestamp = 1'700'000'000;

/// One line of `bytes` bytes that begins with `name`; filled so that it hardly compresses.
std::string line_of(const std::string& name, std::size_t bytes = 60) {
  static std::uint64_t noise = 1;
  const std::string tail = " 1 " + std::to_string(kTimestamp) + "\n";
  std::string line = name + ".";
  while (line.size() + tail.size() < bytes) {
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    line += static_cast<char>('!' + (noise >> 33) % 90);
  }
  return line + tail;
}

/// Hands `line` over as one batch of its own and returns when it is accepted.
bool append(Queue& queue, ProducerId producer, const std::string& text, std::uint32_t points = 1) {
  auto builder = queue.obtain_builder();
  if (!builder) return false;
  std::memcpy(builder->room().data(), text.data(), text.size());
  builder->commit(producer, text.size(), points, kTimestamp, kTimestamp);
  std::promise<bool> accepted;
  queue.when_durable(queue.submit(std::move(*builder)), [&](bool yes) { accepted.set_value(yes); });
  return accepted.get_future().get();
}

QueueOptions options_for(const TempDir& folder) {
  QueueOptions options;
  options.path = folder / "queue";
  options.max_size = 32ull << 20;
  options.min_free_disk = 0;
  return options;
}

std::unique_ptr<Queue> open(const QueueOptions& options) {
  auto queue = Queue::open(options);
  if (!queue) FAIL(queue.error().message);
  return std::move(queue.value());
}

RangeSet only(const Range& range) {
  RangeSet set;
  set.insert(range);
  return set;
}

ReaderStats stats_of(const Queue& queue, const std::string& name) {
  for (const ReaderStats& reader : queue.stats().readers) {
    if (reader.name != name) continue;
    std::uint64_t dropped = 0;
    for (const auto& [reason, points] : reader.dropped_points) dropped += points;
    CHECK(reader.received_points == reader.acknowledged_points + reader.pending_points + dropped);
    return reader;
  }
  FAIL("no reader " << name);
  return {};
}

std::vector<std::string> take_all(Reader& reader, bool acknowledge) {
  std::vector<std::string> lines;
  while (auto taken = reader.take()) {
    lines.emplace_back(taken->batch->lines());
    if (acknowledge) reader.acknowledge(only(taken->batch->range()));
  }
  return lines;
}

std::uint64_t bytes_on_disk(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(file, gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

TEST_CASE("what was appended is taken in order, byte for byte", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(line_of("p" + std::to_string(i)));
    REQUIRE(append(*queue, producer, sent.back()));
  }
  std::string all;
  for (const std::string& lines : take_all(reader, true)) all += lines;
  std::string expected;
  for (const std::string& line : sent) expected += line;
  CHECK(all == expected);
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.received_points == 100);
  CHECK(stats.acknowledged_points == 100);
  CHECK(queue->stats().points == 0);
}

TEST_CASE("what was accepted and not acknowledged is there after a restart, and the counts too",
          "[queue]") {
  const TempDir folder;
  const std::string line = line_of("kept");
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", {});
    REQUIRE(append(*queue, producer, line_of("first")));
    reader.acknowledge(only(reader.take()->batch->range()));
    REQUIRE(append(*queue, producer, line));
    REQUIRE(reader.take().has_value());  // sent, not confirmed
  }
  auto queue = open(options_for(folder));
  Reader& reader = queue->add_reader("a", {});
  CHECK(take_all(reader, false) == std::vector<std::string>{line});
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.received_points == 2);
  CHECK(stats.acknowledged_points == 1);
  CHECK(queue->stats().producers.at(0).accepted_points == 2);
}

TEST_CASE("what was put back is taken again and counts as sent before", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  for (int i = 0; i < 3; ++i) REQUIRE(append(*queue, producer, line_of("p")));
  const auto first = reader.take();
  const auto second = reader.take();
  CHECK_FALSE(first->sent_before);
  reader.put_back(only(first->batch->range()));
  const auto again = reader.take();
  CHECK(again->sent_before);
  CHECK(again->batch->range() == first->batch->range());
  CHECK(stats_of(*queue, "a").resent_points == 1);
  CHECK(stats_of(*queue, "a").unconfirmed_points == 2);
  CHECK(stats_of(*queue, "a").unsent_points == 1);
}

TEST_CASE("each reader has a position of its own, and a batch goes when the last one is done",
          "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& a = queue->add_reader("a", {});
  Reader& b = queue->add_reader("b", {});
  REQUIRE(append(*queue, producer, line_of("p")));
  CHECK(take_all(a, true).size() == 1);
  CHECK(queue->stats().points == 1);
  CHECK(take_all(b, true).size() == 1);
  CHECK(queue->stats().points == 0);
}

TEST_CASE("a new reader begins at the live end, or with all that others wait for", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  queue->add_reader("old", {});
  REQUIRE(append(*queue, producer, line_of("p")));
  Reader& live = queue->add_reader("live", {});
  Reader& oldest = queue->add_reader("oldest", {ReaderStart::Oldest, 0});
  CHECK_FALSE(live.has_unsent());
  CHECK(take_all(oldest, true).size() == 1);
  CHECK(stats_of(*queue, "oldest").received_points == 1);
}

TEST_CASE("what is kept after its acknowledgement can be sent again and counts as resent only",
          "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {ReaderStart::Live, 100});
  for (int i = 0; i < 10; ++i)
    REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), 60)));
  CHECK(take_all(reader, true).size() == 10);
  CHECK(stats_of(*queue, "a").pending_points == 0);
  reader.resend_kept();
  CHECK(stats_of(*queue, "a").pending_points == 0);
  const auto again = take_all(reader, true);
  REQUIRE(again.size() == 2);  // 100 bytes are less than two lines of 60
  CHECK(again[0].starts_with("p8."));
  CHECK(stats_of(*queue, "a").acknowledged_points == 10);
  CHECK(stats_of(*queue, "a").resent_points == 2);
}

TEST_CASE("a reader is woken when there is something where there was nothing", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", {});
  std::atomic<int> woken{0};
  reader.on_unsent([&] { ++woken; });
  CHECK(woken == 0);
  REQUIRE(append(*queue, producer, line_of("p")));
  CHECK(woken == 1);
  REQUIRE(append(*queue, producer, line_of("p")));
  CHECK(woken == 1);
  reader.on_unsent({});
}

TEST_CASE("a second opener is told that the queue is in use", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  auto second = Queue::open(options_for(folder));
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("another carbon-spool has this queue open") !=
        std::string::npos);
}

TEST_CASE("a queue can be looked at while nobody has it open, and while somebody has", "[queue]") {
  const TempDir folder;
  CHECK_FALSE(Queue::inspect(folder / "queue"));
  {
    auto queue = open(options_for(folder));
    queue->put_note("colour", "blue");
    queue->add_reader("a", {});
    REQUIRE(append(*queue, queue->add_producer("test"), line_of("p")));
    auto beside = Queue::inspect(folder / "queue");
    REQUIRE(beside);
    CHECK(beside.value().points == 1);
  }
  auto stats = Queue::inspect(folder / "queue");
  REQUIRE(stats);
  CHECK(stats.value().points == 1);
  CHECK(stats.value().notes.at("colour") == "blue");
  CHECK(stats.value().oldest_timestamp == kTimestamp);
  CHECK(stats.value().producers.at(0).accepted_points == 1);
}

TEST_CASE("poisonous lines are set aside in a file, counted, and the rest is acknowledged",
          "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  Reader& reader = queue->add_reader("a", {});
  const std::string bad = line_of("bad");
  REQUIRE(append(*queue, queue->add_producer("test"), line_of("good") + bad, 2));
  reader.acknowledge_without(reader.take()->batch->range(), {bad});
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.acknowledged_points == 1);
  CHECK(stats.dropped_points.at("poison") == 1);
  CHECK(std::filesystem::file_size(folder / "queue/set-aside/a.lines") == bad.size());
}

TEST_CASE("at the cap the oldest go, counted, and the folder stays below it", "[queue][cap]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.sync.kind = SyncPolicy::Kind::Never;
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
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = WhenFull::DropNewest;
  options.sync.kind = SyncPolicy::Kind::Never;
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
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = WhenFull::DropNewest;
  options.sync.kind = SyncPolicy::Kind::Never;
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
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = WhenFull::Block;
  options.sync.kind = SyncPolicy::Kind::Never;
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
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = WhenFull::Block;
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
  QueueOptions options = options_for(folder);
  options.max_size = kMinQueueSize;
  options.when_full = WhenFull::Block;
  options.sync.kind = SyncPolicy::Kind::Never;
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
