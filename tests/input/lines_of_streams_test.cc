#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/graphite_lines.h"

#include "eventually.h"
#include "running_input.h"

namespace carbon_spool {
namespace {

const std::string kThreeLines =
    "a.b 1 1700000000\r\nlonger.path   2.5e3\t1700000001\nc -3 1700000002\n";
const std::string kThreeNormalised =
    "a.b 1 1700000000\nlonger.path 2.5e3 1700000001\nc -3 1700000002\n";

/// What a stream brought, without the probes of `settle`.
std::string without_probes(std::string text) {
  const std::string probe = "probe 1 1700000000\n";
  for (std::size_t at = 0; (at = text.find(probe)) != std::string::npos;) {
    text.erase(at, probe.size());
  }
  return text;
}

TEST_CASE("a line may be split between two reads at any byte") {
  RunningInput running;
  SocketClient probe = running.client();
  SocketClient client = running.client();
  std::string expected;
  for (std::size_t split = 1; split < kThreeLines.size(); ++split) {
    client.send(kThreeLines.substr(0, split));
    running.settle(probe);
    client.send(kThreeLines.substr(split));
    running.settle(probe);
    expected += kThreeNormalised;
    REQUIRE(without_probes(running.sink.text()) == expected);
  }
}

TEST_CASE("a client may send one byte at a time") {
  RunningInput running;
  SocketClient probe = running.client();
  SocketClient client = running.client();
  for (const char byte : kThreeLines) {
    client.send({&byte, 1});
    running.settle(probe);
  }
  CHECK(without_probes(running.sink.text()) == kThreeNormalised);
}

TEST_CASE("a line that arrives alone is handed over alone") {
  RunningInput running;
  SocketClient client = running.client();
  for (std::size_t count = 1; count <= 3; ++count) {
    client.send("a 1 1700000000\n");
    REQUIRE(running.sink.wait_for_points(count));
    CHECK(running.sink.batch_bytes().size() == count);
  }
}

TEST_CASE("a flood is handed over in full batches, in order and complete") {
  RunningInput running;
  running.sink.hold();
  SocketClient client = running.client();
  client.send("flood.0 0 1700000000\n");
  REQUIRE(running.sink.wait_until_blocked());

  // As much as the kernel's buffers take, so that all of it is there when reading goes on.
  std::string sent = "flood.0 0 1700000000\n";
  std::uint64_t points = 1;
  std::string chunk;
  for (std::string rest;; rest = chunk) {
    chunk.clear();
    for (int line = 0; line < 500; ++line, ++points) {
      chunk += "flood." + std::to_string(points) + " 0 1700000000\n";
    }
    const std::size_t taken = client.send_some(chunk);
    sent += chunk;
    chunk.erase(0, taken);
    if (!chunk.empty()) break;
  }
  running.sink.let_go();
  client.send(chunk);
  REQUIRE(running.sink.wait_for_points(points));
  CHECK(running.sink.text() == sent);

  const std::vector<std::size_t> batches = running.sink.batch_bytes();
  const auto full = std::count_if(batches.begin(), batches.end(),
                                  [](std::size_t bytes) { return bytes > kMaxBatchBytes - 100; });
  CHECK(full >= 2);
  CHECK(*std::max_element(batches.begin(), batches.end()) <= kMaxBatchBytes);
}

TEST_CASE("points without a timestamp are stamped when they arrive") {
  RunningInput running;
  running.client().send("a 1\nb 2 -1\n");
  REQUIRE(running.sink.wait_for_points(2));
  const std::string text = running.sink.text();
  const std::string stamp = text.substr(4, 10);
  CHECK(text == "a 1 " + stamp + "\nb 2 " + stamp + "\n");
  CHECK(stamp > "1700000000");
}

TEST_CASE("bad lines are refused by reason and cost the good ones beside them nothing") {
  RunningInput running;
  SocketClient client = running.client();
  client.send(
      "good 1 1700000000\n\nbad x 1700000000\ngood 2 1700000000\na b c d\n\x01 1 1\nend 3 "
      "1700000000\n");
  REQUIRE(running.sink.wait_for_points(3));
  CHECK(running.sink.text() == "good 1 1700000000\ngood 2 1700000000\nend 3 1700000000\n");
  CHECK(running.refused(Refusal::NoValue) == 1);
  CHECK(running.refused(Refusal::BadValue) == 1);
  CHECK(running.refused(Refusal::TooManyFields) == 1);
  CHECK(running.refused(Refusal::BadEncoding) == 1);
}

TEST_CASE("refusals go on from the counts of before") {
  RefusalCounts before{};
  before[static_cast<std::size_t>(Refusal::BadValue)] = 41;
  RunningInput running({.refused_before = before});
  running.client().send("bad x 1700000000\ngood 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(1));
  CHECK(running.refused(Refusal::BadValue) == 42);
}

TEST_CASE("a line of the greatest length is taken, in one piece or in two") {
  RunningInput running;
  SocketClient probe = running.client();
  SocketClient client = running.client();
  const std::string line = "a" + std::string(kMaxLineBytes - 13, ' ') + "1 1700000000";
  REQUIRE(line.size() == kMaxLineBytes);
  client.send(line + "\n");
  REQUIRE(running.sink.wait_for_points(1));
  client.send(line);
  running.settle(probe);
  client.send("\n");
  running.settle(probe);
  CHECK(without_probes(running.sink.text()) == "a 1 1700000000\na 1 1700000000\n");
  CHECK(running.refused(Refusal::LineTooLong) == 0);
}

TEST_CASE("a line that is too long is refused once and skipped, and the connection lives on") {
  RunningInput running;
  SocketClient probe = running.client();
  SocketClient client = running.client();

  SECTION("by one byte, with its end at hand") {
    client.send("a" + std::string(kMaxLineBytes - 12, ' ') + "1 1700000000\n");
  }
  SECTION("by one byte that comes later") {
    client.send("a" + std::string(kMaxLineBytes - 13, ' ') + "1 1700000000");
    running.settle(probe);
    client.send(" ");
    running.settle(probe);
    CHECK(running.refused(Refusal::LineTooLong) == 1);
    client.send("\n");
  }
  SECTION("by far, in many pieces") {
    for (int piece = 0; piece < 50; ++piece) {
      client.send(std::string(100'000, 'x'));
    }
    client.send("\n");
  }
  SECTION("by far, with good lines right before and behind") {
    client.send("before 1 1700000000\n" + std::string(1'000'000, 'x') + "\nbehind 1 1700000000\n");
  }
  client.send("good 1 1700000000\n");
  client.half_close();
  REQUIRE(client.wait_for_end() == SocketClient::End::Orderly);
  CHECK(without_probes(running.sink.text()).ends_with("good 1 1700000000\n"));
  CHECK(running.refused(Refusal::LineTooLong) == 1);
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

TEST_CASE("a last line without its end is refused") {
  RunningInput running;
  SECTION("after a half-close") {
    SocketClient client = running.client();
    client.send("a 1 1700000000\nb 2 170000");
    client.half_close();
    CHECK(client.wait_for_end() == SocketClient::End::Orderly);
    CHECK(running.sink.text() == "a 1 1700000000\n");
  }
  SECTION("after a reset") {
    SocketClient probe = running.client();
    SocketClient client = running.client();
    client.send("b 2 170000");
    running.settle(probe);
    client.reset();
  }
  SECTION("when the input stops") {
    SocketClient probe = running.client();
    SocketClient client = running.client();
    client.send("b 2 170000");
    running.settle(probe);
    running.input().stop();
  }
  CHECK(eventually([&] { return running.refused(Refusal::Unterminated) == 1; }));
}

TEST_CASE("the end of a line that was skipped is not refused again") {
  RunningInput running;
  SocketClient client = running.client();
  client.send(std::string(50'000, 'x'));
  client.half_close();
  CHECK(client.wait_for_end() == SocketClient::End::Orderly);
  CHECK(running.refused(Refusal::LineTooLong) == 1);
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

}  // namespace
}  // namespace carbon_spool
