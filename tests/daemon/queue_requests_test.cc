#include "queue_requests.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "temp_dir.h"

namespace carbon_spool {
namespace {

using What = QueueRequest::What;

TEST_CASE("a request is read as it was written", "[daemon]") {
  const QueueRequest requests[] = {
      {What::Walk, "", "", {}, false},        {What::Walk, "a b", "", {}, true},
      {What::Purge, "a", "", {}, false},      {What::Purge, "a", "", 1700000000000, false},
      {What::Adopt, "old", "new", {}, false}, {What::Walk, "", "", {}, true, true},
  };
  for (const QueueRequest& request : requests) {
    const auto read = queue_request_from(to_line(request));
    REQUIRE(read);
    CHECK(read->what == request.what);
    CHECK(read->destination == request.destination);
    CHECK(read->heir == request.heir);
    CHECK(read->accepted_before == request.accepted_before);
    CHECK(read->verify == request.verify);
    CHECK(read->of_events == request.of_events);
  }
  for (const char* line : {"", "walk", "dance\ta", "purge\ta", "purge\ta\tsoon", "adopt\ta"}) {
    CHECK_FALSE(queue_request_from(line));
  }
}

struct Seen {
  std::string lines;
  std::string problems;
  std::uint64_t of_batches = 0;
  Result<std::uint64_t> outcome = Error{};
};

Seen read(const std::string& answer, std::size_t piece_bytes) {
  Seen seen;
  QueueAnswer reader([&](const WalkedBatch& batch) {
    seen.lines += batch.lines;
    seen.problems += batch.problem;
    seen.of_batches = batch.of_batches;
    return true;
  });
  for (std::size_t at = 0; at < answer.size(); at += piece_bytes) {
    static_cast<void>(reader.take(std::string_view(answer).substr(at, piece_bytes)));
  }
  seen.outcome = reader.outcome();
  return seen;
}

TEST_CASE("an answer is read however it is cut into pieces", "[daemon]") {
  const std::string answer =
      "of 3 5\nbatch 7 1700000000000 2 8\na 1 1\nb\nlost 8 missing or damaged\n"
      "batch 9 1700000000000 2 4\nc\nd\ndone 0\n";
  for (const std::size_t piece : {1u, 2u, 7u, 1000u}) {
    const Seen seen = read(answer, piece);
    CHECK(seen.lines == "a 1 1\nb\nc\nd\n");
    CHECK(seen.problems == "missing or damaged");
    CHECK(seen.of_batches == 3);
    CHECK(seen.outcome);
  }
  CHECK(read("done 12\n", 3).outcome.value() == 12);
  CHECK(read("failed no such thing\n", 3).outcome.error().message == "no such thing");
}

TEST_CASE("an answer that was cut short, or is none, is no success", "[daemon]") {
  CHECK_FALSE(read("of 3 5\n", 100).outcome);
  CHECK_FALSE(read("of 3 5\nbatch 7 1 2 8\na 1 1\n", 100).outcome);
  CHECK_FALSE(read("", 100).outcome);
  for (const char* strange : {"\n", "failed\n", "lost\n", "batch\n", "what is this\ndone 1\n"}) {
    CHECK_FALSE(read(strange, 100).outcome);
  }
}

TEST_CASE("a large walk is answered in many pieces", "[daemon]") {
  const TempDir folder;
  QueueOptions options;
  options.path = folder / "queue";
  options.min_free_disk = 0;
  auto queue = Queue::open(options);
  REQUIRE(queue);
  static_cast<void>(queue.value()->add_reader("a", {}));
  const ProducerId producer = queue.value()->add_producer("test");
  std::string sent;
  for (int i = 0; i < 50; ++i) {
    auto builder = queue.value()->obtain_builder();
    REQUIRE(builder);
    const std::string line = std::string(60'000, 'x') + std::to_string(i) + " 1 1700000000\n";
    std::ranges::copy(line, builder->room().data());
    builder->commit(producer, line.size(), 1, 1700000000, 1700000000);
    sent += line;
    static_cast<void>(queue.value()->submit(std::move(*builder)));
  }
  queue.value()->stop_appending();

  const AdminAnswer answer =
      answer_queue_request(*queue.value(), {}, {What::Walk, "a", "", {}, false});
  std::string all;
  int pieces = 0;
  for (std::string piece = answer(); !piece.empty(); piece = answer()) {
    CHECK(piece.size() < 400'000);
    all += piece;
    ++pieces;
  }
  CHECK(pieces > 5);
  const Seen seen = read(all, 100'000);
  CHECK((seen.lines == sent));
  CHECK(seen.outcome);
}

TEST_CASE("what an orphan leaves goes to the reader of a cluster, not to a member without one",
          "[daemon]") {
  const TempDir folder;
  QueueOptions options;
  options.path = folder / "queue";
  options.min_free_disk = 0;
  auto queue = Queue::open(options);
  REQUIRE(queue);
  for (const char* const name : {"old", "eu"}) {
    static_cast<void>(queue.value()->add_reader(name, {}));
  }
  queue.value()->release_reader("old");
  const ReaderNames configured{{"eu", "member"}, {"eu"}};
  const auto adopt = [&](const std::string& heir) {
    return do_queue_request(*queue.value(), configured, {What::Adopt, "old", heir, {}, false});
  };
  CHECK_FALSE(adopt("other"));
  const auto by_member = adopt("member");
  REQUIRE_FALSE(by_member);
  CHECK(by_member.error().message.find("name the cluster") != std::string::npos);
  CHECK(adopt("eu"));
}

}  // namespace
}  // namespace carbon_spool
