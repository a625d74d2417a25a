#include "carbon_spool/queue/queue.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue_steps.h"

namespace carbon_spool {
namespace {

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

TEST_CASE("an opener beside another process is told that the queue is in use", "[queue]") {
  const TempDir folder;
  open(options_for(folder)).reset();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t other = ::fork();
  if (other == 0) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    const int file = ::open((folder / "queue/LOCK").c_str(), O_RDWR);
    const char answer = ::fcntl(file, F_SETLK, &whole) == 0 ? 'y' : 'n';
    static_cast<void>(::write(ready[1], &answer, 1) == 1);
    for (;;) ::pause();
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  auto second = Queue::open(options_for(folder));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, Catch::Contains("another carbon-spool has this queue open"));
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
  reader.acknowledge_without(reader.take()->batch->range(), {bad}, {});
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.acknowledged_points == 1);
  CHECK(stats.dropped_points.at("poison") == 1);
  CHECK(std::filesystem::file_size(folder / "queue/set-aside/a.lines") == bad.size());
}

TEST_CASE("what is damaged on disk is dropped and counted, and the rest is delivered", "[queue]") {
  const TempDir folder;
  constexpr std::uint64_t kBatches = 64;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    queue->add_reader("a", {});
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      REQUIRE(append(*queue, producer, line_of("p" + std::to_string(i), kMaxBatchBytes)));
    }
  }
  open(options_for(folder)).reset();  // now they are in a table
  damage_largest_table(folder / "queue");

  auto queue = open(options_for(folder));
  Reader& reader = queue->add_reader("a", {});
  const auto left = take_all(reader, true);
  CHECK(left.front().starts_with("p0."));
  CHECK(left.back().starts_with("p63."));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.dropped_points.at("damaged") == 1);
  CHECK(stats.acknowledged_points == kBatches - 1);
}

}  // namespace
}  // namespace carbon_spool
