// Readers that get a part of each batch.

#include <atomic>

#include "by_letter.h"
#include "eventually.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

std::string lines_of(const std::string& letters) {
  std::string lines;
  for (const char letter : letters) lines += line_of(std::string(1, letter));
  return lines;
}

bool append_letters(Queue& queue, ProducerId producer, const std::string& letters) {
  return append(queue, producer, lines_of(letters), static_cast<std::uint32_t>(letters.size()));
}

std::string letters_of(const Batch& batch) {
  std::string letters;
  for (std::string_view rest = batch.lines(); !rest.empty();
       rest.remove_prefix(rest.find('\n') + 1)) {
    letters += rest.front();
  }
  return letters;
}

TEST_CASE("a reader gets what is chosen for it, and the numbers add up at every step", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", gets("ab"));
  REQUIRE(append_letters(*queue, producer, "abcx"));
  REQUIRE(append_letters(*queue, producer, "cccc"));
  REQUIRE(append_letters(*queue, producer, "bcbc"));
  CHECK(stats_of(*queue, "a").selective);
  CHECK(stats_of(*queue, "a").pending_points == 12);  // not looked at: they count whole

  const auto first = reader.take();
  REQUIRE(first);
  CHECK(letters_of(*first->batch) == "ab");
  CHECK(stats_of(*queue, "a").pending_points == 10);
  CHECK(stats_of(*queue, "a").unconfirmed_points == 2);
  CHECK(stats_of(*queue, "a").unsent_points == 8);
  CHECK(stats_of(*queue, "a").routed_elsewhere_points == 1);
  CHECK(stats_of(*queue, "a").dropped_points.at("route") == 1);

  const auto second = reader.take();
  REQUIRE(second);
  CHECK(letters_of(*second->batch) == "bb");
  CHECK_FALSE(reader.take());
  CHECK(stats_of(*queue, "a").pending_points == 4);
  CHECK(stats_of(*queue, "a").routed_elsewhere_points == 7);

  reader.put_back(only(first->batch->range()));
  CHECK(stats_of(*queue, "a").unsent_points == 2);
  CHECK(letters_of(*reader.take()->batch) == "ab");
  reader.acknowledge(only(first->batch->range()));
  reader.acknowledge(only(second->batch->range()));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.received_points == 12);
  CHECK(stats.acknowledged_points == 4);
  CHECK(stats.pending_points == 0);
  CHECK(stats.routed_elsewhere_points == 7);
  CHECK(stats.sent_points == 6);
  CHECK(stats.resent_points == 2);
  CHECK_FALSE(stats.last_drop_at);  // that a route drops is no loss to look at
}

TEST_CASE("a changed selection applies to what waits, and to what is put back", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", gets("a"));
  REQUIRE(append_letters(*queue, producer, "abcd"));
  REQUIRE(append_letters(*queue, producer, "abcd"));
  const auto taken = reader.take();
  CHECK(letters_of(*taken->batch) == "a");
  reader.change_options(gets("bcd"));
  CHECK(letters_of(*reader.take()->batch) == "bcd");
  reader.put_back(only(taken->batch->range()));
  CHECK(letters_of(*reader.take()->batch) == "bcd");
  reader.acknowledge(only(taken->batch->range()));
  CHECK(stats_of(*queue, "a").acknowledged_points == 3);
  CHECK(stats_of(*queue, "a").routed_elsewhere_points == 2);
}

TEST_CASE("what nothing of is for a reader does not wait for it after a restart", "[queue]") {
  const TempDir folder;
  {
    auto queue = open(options_for(folder));
    const ProducerId producer = queue->add_producer("test");
    Reader& reader = queue->add_reader("a", gets("a"));
    for (int i = 0; i < 200; ++i) REQUIRE(append_letters(*queue, producer, "bc"));
    CHECK_FALSE(reader.take());
    CHECK(stats_of(*queue, "a").routed_elsewhere_points == 400);
    REQUIRE(append_letters(*queue, producer, "ab"));
  }
  auto queue = open(options_for(folder));
  CHECK(stats_of(*queue, "a").pending_points == 2);
  CHECK(stats_of(*queue, "a").routed_elsewhere_points == 400);
  CHECK(letters_of(*queue->add_reader("a", gets("a")).take()->batch) == "a");
}

TEST_CASE("what is dropped unread counts whole, what was looked at as what it would have got",
          "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", gets("a"));
  for (int i = 0; i < 3; ++i) REQUIRE(append_letters(*queue, producer, "abcd"));
  const auto first = reader.take();
  const auto second = reader.take();
  reader.put_back(only(second->batch->range()));
  REQUIRE(queue->purge("a", {}));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.dropped_points.at("purged") == 2);
  CHECK(stats.dropped_points.at("purged_unread") == 4);
  CHECK(stats.routed_elsewhere_points == 6);
  CHECK(stats.pending_points == 0);
  reader.acknowledge(only(first->batch->range()));
  CHECK(stats_of(*queue, "a").acknowledged_points == 0);
}

TEST_CASE("what is kept is sent again as it is chosen then, and counts as resent only", "[queue]") {
  const TempDir folder;
  auto queue = open(options_for(folder));
  const ProducerId producer = queue->add_producer("test");
  ReaderOptions options = gets("a");
  options.keep_acknowledged_bytes = 1 << 20;
  Reader& reader = queue->add_reader("a", options);
  REQUIRE(append_letters(*queue, producer, "abc"));
  const auto taken = reader.take();
  reader.acknowledge(only(taken->batch->range()));
  reader.resend_kept();
  options.selector = std::make_shared<ByLetter>("bc");
  reader.change_options(options);
  CHECK(letters_of(*reader.take()->batch) == "bc");
  reader.acknowledge(only(taken->batch->range()));
  const ReaderStats stats = stats_of(*queue, "a");
  CHECK(stats.acknowledged_points == 1);
  CHECK(stats.routed_elsewhere_points == 2);
  CHECK(stats.resent_points == 2);
}

TEST_CASE("tables in which nothing is for anybody are removed", "[queue]") {
  const TempDir folder;
  QueueOptions options = options_for(folder);
  options.memory_for_newest = 0;
  auto queue = open(options);
  const ProducerId producer = queue->add_producer("test");
  Reader& reader = queue->add_reader("a", gets("a"));
  const std::string large = line_of("b", 60'000);
  for (int i = 0; i < 200; ++i) REQUIRE(append(*queue, producer, large));
  CHECK_FALSE(reader.take());
  CHECK(eventually([&] { return queue->stats().bytes_on_disk < 6u << 20; }));
  CHECK(stats_of(*queue, "a").routed_elsewhere_points == 200);
}

}  // namespace
}  // namespace carbon_spool
