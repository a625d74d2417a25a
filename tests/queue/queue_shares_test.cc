// Readers that several senders take from, whole or in shares.

#include "by_letter.h"
#include "fake_reader.h"
#include "ledger.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

/// Share 0 gets the lines that begin with `a`, share 1 those that begin with `b`; a reader as a
/// whole gets both. A line that begins with `x` is dropped by a route.
class TwoShares : public BatchSelector {
 public:
  [[nodiscard]] Selected select(const BatchPtr& batch, Share share) override {
    Selected selected;
    std::string lines;
    std::uint64_t points = 0;
    for (std::string_view rest = batch->lines(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      if (line.front() == 'x') ++selected.dropped;
      if (line.front() != 'a' && line.front() != 'b') continue;
      if (share && line.front() != (*share == 0 ? 'a' : 'b')) {
        ++selected.in_other_shares;
        continue;
      }
      lines += line;
      ++points;
    }
    if (points > 0) selected.batch = chosen_from(*batch, std::move(lines), points);
    return selected;
  }

  [[nodiscard]] std::vector<LineFate> fates(const BatchPtr& batch) override {
    return ByLetter("ab").fates(batch);
  }
};

ReaderOptions shared(bool always, const std::string& key = "1") {
  ReaderOptions options;
  options.selector = std::make_shared<TwoShares>();
  options.division = {2, always, key};
  return options;
}

bool append_letters(Queue& queue, ProducerId producer, const std::string& letters) {
  std::string lines;
  for (const char letter : letters) lines += line_of(std::string(1, letter));
  return append(queue, producer, lines, static_cast<std::uint32_t>(letters.size()));
}

std::string letters_of(const std::optional<Reader::Taken>& taken) {
  if (!taken) return "nothing";
  std::string letters;
  for (std::string_view rest = taken->batch->lines(); !rest.empty();
       rest.remove_prefix(rest.find('\n') + 1)) {
    letters += rest.front();
  }
  return letters;
}

/// Takes from a share, and returns where it was.
RangeSet take_from(Reader& reader, std::size_t share, const std::string& expected) {
  const auto taken = reader.has_unsent(Part::Live, share) ? reader.take(Part::Live, share)
                                                          : reader.take(Part::Backlog, share);
  CHECK(letters_of(taken) == expected);
  return taken ? only(taken->batch->range()) : RangeSet();
}

ReaderStats checked_stats(const Queue& queue, const std::string& name) {
  ReaderStats stats = stats_of(queue, name);
  std::uint64_t dropped = 0;
  for (const auto& [reason, points] : stats.dropped_points) dropped += points;
  CHECK(stats.received_points ==
        stats.acknowledged_points + stats.pending_points + dropped + stats.routed_elsewhere_points);
  CHECK(stats.unconfirmed_points <= stats.pending_points);
  return stats;
}

struct Scene {
  Scene() { reopen(); }
  void reopen() {
    queue.reset();
    queue = open(options_for(folder));
    producer = queue->add_producer("test");
  }
  [[nodiscard]] bool append(const std::string& letters) {
    return append_letters(*queue, producer, letters);
  }
  [[nodiscard]] ReaderStats stats() const { return checked_stats(*queue, "eu"); }

  const TempDir folder;
  std::unique_ptr<Queue> queue;
  ProducerId producer;
};

TEST_CASE("what one hand has taken no other gets, unless it is put back", "[queue]") {
  Scene scene;
  static_cast<void>(scene.queue->add_reader("eu", {}));
  Reader& one = scene.queue->add_taker("eu", "one", nullptr);
  Reader& two = scene.queue->add_taker("eu", "two", nullptr);
  int woken = 0;
  two.on_unsent([&] { ++woken; });
  REQUIRE(scene.append("abc"));
  CHECK(woken == 1);
  const auto taken = one.take();
  CHECK(letters_of(taken) == "abc");
  CHECK_FALSE(two.take());
  one.put_back(only(taken->batch->range()));
  CHECK(woken == 2);
  CHECK(letters_of(two.take()) == "abc");
  two.acknowledge(only(taken->batch->range()));
  CHECK(scene.stats().acknowledged_points == 3);
  CHECK(scene.stats().takers.at("one") == TakerStats{3, 0});
  CHECK(scene.stats().takers.at("two") == TakerStats{3, 3});
  two.on_unsent({});
  scene.reopen();
  CHECK(scene.stats().takers.at("two") == TakerStats{3, 3});
}

TEST_CASE("a batch is acknowledged once each share of it is", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  REQUIRE(reader.is_divided());
  REQUIRE(scene.append("abbcx"));
  CHECK_FALSE(reader.take());  // only shares can be taken
  const RangeSet first = take_from(reader, 0, "a");
  CHECK(scene.stats().pending_points == 3);
  CHECK(scene.stats().routed_elsewhere_points == 1);
  CHECK(scene.stats().dropped_points.at("route") == 1);
  reader.acknowledge(first, 0);
  CHECK(scene.stats().acknowledged_points == 0);
  const RangeSet second = take_from(reader, 1, "bb");
  reader.put_back(second, 1);
  CHECK_FALSE(reader.has_unsent(Part::Live, 0));
  CHECK(take_from(reader, 1, "bb") == second);
  CHECK(scene.stats().resent_points == 2);
  reader.acknowledge(second, 1);
  CHECK(scene.stats().acknowledged_points == 3);
  CHECK(scene.stats().pending_points == 0);
}

TEST_CASE("a share in which there is nothing is passed over", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  REQUIRE(scene.append("aa"));
  REQUIRE(scene.append("c"));
  REQUIRE(scene.append("b"));
  const RangeSet of_b = take_from(reader, 1, "b");
  reader.acknowledge(of_b, 1);
  CHECK(scene.stats().acknowledged_points == 0);
  const RangeSet of_a = take_from(reader, 0, "aa");
  take_from(reader, 0, "nothing");
  CHECK(scene.stats().acknowledged_points == 1);
  reader.acknowledge(of_a, 0);
  CHECK(scene.stats().acknowledged_points == 3);
  CHECK(scene.stats().routed_elsewhere_points == 1);
  CHECK(scene.stats().pending_points == 0);
}

TEST_CASE("after a restart every share of what was not acknowledged is sent", "[queue]") {
  Scene scene;
  Reader& before = scene.queue->add_reader("eu", shared(true));
  REQUIRE(scene.append("ab"));
  before.acknowledge(take_from(before, 0, "a"), 0);
  scene.reopen();
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  reader.acknowledge(take_from(reader, 1, "b"), 1);
  CHECK(scene.stats().acknowledged_points == 2);
  CHECK(scene.stats().pending_points == 0);
}

TEST_CASE("a reader is divided for a while, and loses nothing on either way", "[queue]") {
  Scene scene;
  Reader& own = scene.queue->add_reader("eu", shared(false));
  Reader& other = scene.queue->add_taker("eu", "other", std::make_shared<TwoShares>());
  REQUIRE(scene.append("ab"));
  const auto whole = own.take();
  CHECK(letters_of(whole) == "ab");
  CHECK(take_from(other, 0, "nothing").empty());

  int woken = 0;
  other.on_unsent([&] { ++woken; });
  own.divide(true);
  CHECK(woken == 1);
  CHECK(other.is_divided());
  CHECK_FALSE(own.take());
  const RangeSet of_a = take_from(other, 0, "a");
  SECTION("what was taken whole may still be put back, which changes nothing") {
    own.put_back(only(whole->batch->range()));
    CHECK(take_from(other, 0, "nothing").empty());
    CHECK_FALSE(take_from(other, 1, "b").empty());
  }
  SECTION("or acknowledged, which means every share") {
    own.acknowledge(only(whole->batch->range()));
    CHECK(scene.stats().acknowledged_points == 2);
    other.acknowledge(of_a, 0);
    CHECK(scene.stats().acknowledged_points == 2);
    CHECK(take_from(other, 1, "nothing").empty());
  }
  SECTION("whole again, all that is not acknowledged is to be sent, and shares count nothing") {
    other.acknowledge(of_a, 0);
    own.divide(false);
    CHECK(take_from(other, 1, "nothing").empty());
    const auto again = own.take();
    CHECK(letters_of(again) == "ab");
    CHECK(again->sent_before);
    other.acknowledge(of_a, 0);
    other.put_back(of_a, 1);
    CHECK_FALSE(own.take());
    CHECK(scene.stats().acknowledged_points == 0);
    own.acknowledge(only(again->batch->range()));
    CHECK(scene.stats().acknowledged_points == 2);
  }
  CHECK(scene.stats().received_points == 2);
  other.on_unsent({});
}

TEST_CASE("what waits is divided anew if what is in the shares changes", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true, "1"));
  REQUIRE(scene.append("ab"));
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  reader.change_options(shared(true, "1"));
  CHECK(take_from(reader, 0, "nothing").empty());
  reader.change_options(shared(true, "2"));
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  reader.acknowledge(take_from(reader, 1, "b"), 1);
  CHECK(scene.stats().acknowledged_points == 2);
}

TEST_CASE("a bad line of one share is counted once, when its batch is done", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  REQUIRE(scene.append("abbc"));
  const RangeSet of_b = take_from(reader, 1, "bb");
  reader.acknowledge_without(of_b.front(), {line_of("b")}, 1);
  CHECK(scene.stats().dropped_points.at("poison") == 1);
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  CHECK(scene.stats().dropped_points.at("poison") == 1);
  CHECK(scene.stats().acknowledged_points == 2);
  CHECK(scene.stats().routed_elsewhere_points == 1);
  CHECK(scene.stats().pending_points == 0);
}

TEST_CASE("what is dropped is dropped from every share", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  REQUIRE(scene.append("abc"));
  REQUIRE(scene.append("abc"));
  const RangeSet of_a = take_from(reader, 0, "a");
  REQUIRE(scene.queue->purge("eu", {}));
  CHECK(scene.stats().pending_points == 0);
  CHECK(scene.stats().dropped_points.at("purged_unread") == 6);
  reader.acknowledge(of_a, 0);
  CHECK(scene.stats().acknowledged_points == 0);
  CHECK(take_from(reader, 1, "nothing").empty());
  REQUIRE(scene.append("b"));
  reader.acknowledge(take_from(reader, 1, "b"), 1);
  CHECK(take_from(reader, 0, "nothing").empty());
  CHECK(scene.stats().acknowledged_points == 1);
}

TEST_CASE("what an orphan hands over is sent in every share", "[queue]") {
  Scene scene;
  static_cast<void>(scene.queue->add_reader("old", {}));
  REQUIRE(scene.append("ab"));
  scene.queue->release_reader("old");
  Reader& reader = scene.queue->add_reader("eu", shared(true));
  REQUIRE(scene.queue->hand_over("old", "eu"));
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  reader.acknowledge(take_from(reader, 1, "b"), 1);
  CHECK(scene.stats().acknowledged_points == 2);
}

TEST_CASE("what a share cannot read is all that is lost, however far behind another is",
          "[queue]") {
  Scene scene;
  constexpr std::uint64_t kBatches = 64;
  static_cast<void>(scene.queue->add_reader("eu", shared(true)));
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const std::string lines = line_of("a", kMaxBatchBytes / 2) + line_of("b", kMaxBatchBytes / 2);
    REQUIRE(append(*scene.queue, scene.producer, lines, 2));
  }
  scene.reopen();  // now they are in a table
  scene.queue.reset();
  damage_largest_table(scene.folder / "queue");
  scene.reopen();

  Reader& reader = scene.queue->add_reader("eu", shared(true));
  const auto drain = [&](std::size_t share) {
    std::uint64_t batches = 0;
    while (const auto taken = reader.take(Part::Backlog, share)) {
      reader.acknowledge(only(taken->batch->range()), share);
      ++batches;
    }
    return batches;
  };
  CHECK(drain(1) == kBatches - 1);
  CHECK(drain(0) == kBatches - 1);
  CHECK(scene.stats().acknowledged_points == 2 * (kBatches - 1));
  CHECK(scene.stats().dropped_points.at("damaged_unread") == 2);
}

TEST_CASE("what was kept and is sent again wakes every hand", "[queue]") {
  Scene scene;
  ReaderOptions options;
  options.keep_acknowledged_bytes = 1 << 20;
  static_cast<void>(scene.queue->add_reader("eu", options));
  Reader& one = scene.queue->add_taker("eu", "one", nullptr);
  Reader& two = scene.queue->add_taker("eu", "two", nullptr);
  REQUIRE(scene.append("a"));
  one.acknowledge(only(one.take()->batch->range()));
  int woken = 0;
  two.on_unsent([&] { ++woken; });
  one.resend_kept();
  CHECK(woken == 1);
  CHECK(letters_of(two.take()) == "a");
  two.on_unsent({});
}

TEST_CASE("a share that is far behind takes no memory for what the others have done", "[queue]") {
  constexpr std::uint64_t kBatches = 5000;
  ReaderState state;
  state.options.division = {2, true, "1"};
  state.divide(2);
  const ReaderState::LeftOut out{1, 0, 0};
  std::vector<BatchPtr> batches;
  const auto look = [&](const Batch& batch, std::size_t share) {
    state.take(batch, out, share);
    return state.acknowledge(only(batch.range()), 0, share).batches();
  };
  for (std::uint64_t i = 0; i < kBatches; ++i) {
    const Mark begin = batches.empty() ? Mark{Sequence{1}, 0, 0} : batches.back()->range().end;
    batches.push_back(std::make_shared<FakeBatch>(begin, 3, "abc"));
    state.receive(batches.back()->range());
    CHECK(look(*batches.back(), 0) == 0);
  }
  CHECK(state.left_out.size() < kBatches / 2);
  CHECK(state.waiting.points() == 3 * kBatches);
  for (const BatchPtr& batch : batches) CHECK(look(*batch, 1) == 1);
  CHECK(state.acknowledged == 2 * kBatches);
  CHECK(state.routed_elsewhere == kBatches);
  CHECK(state.left_out.empty());
}

TEST_CASE("a bad line that is found again after a new division counts once", "[queue]") {
  Scene scene;
  Reader& reader = scene.queue->add_reader("eu", shared(true, "1"));
  REQUIRE(scene.append("ab"));
  for (const char* const key : {"2", "3", "4"}) {
    const RangeSet of_b = take_from(reader, 1, "b");
    reader.acknowledge_without(of_b.front(), {line_of("b")}, 1);
    CHECK(scene.stats().dropped_points.at("poison") == 1);
    reader.change_options(shared(true, key));
  }
  reader.acknowledge(take_from(reader, 1, "b"), 1);
  reader.acknowledge(take_from(reader, 0, "a"), 0);
  CHECK(scene.stats().acknowledged_points == 2);
  CHECK(scene.stats().pending_points == 0);
}

}  // namespace
}  // namespace carbon_spool
