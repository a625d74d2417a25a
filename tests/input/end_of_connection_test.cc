#include <string>

#include <catch2/catch.hpp>

#include "running_input.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using End = SocketClient::End;

TEST_CASE("a half-closed connection is closed in order only once its points are durable") {
  const TempDir folder;
  RunningInput running({.listen = {"tcp://127.0.0.1:0", "unix://" + folder / "socket"}});
  running.sink.withhold_answers();
  const std::size_t transport = GENERATE(0U, 1U);
  SocketClient client = running.client(transport);
  client.send("a 1 1700000000\nb 2 1700000000\n");
  client.half_close();
  REQUIRE(running.sink.wait_until_asked());
  CHECK(running.sink.points() == 2);
  CHECK_FALSE(client.has_ended());
  running.sink.answer(true);
  CHECK(client.wait_for_end() == End::Orderly);
}

TEST_CASE("a half-closed connection is reset when its points were not accepted") {
  RunningInput running;
  running.sink.withhold_answers();
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  client.half_close();
  REQUIRE(running.sink.wait_until_asked());
  running.sink.answer(false);
  CHECK(client.wait_for_end() == End::Reset);
}

TEST_CASE("durability is asked for the batch that the last points went into") {
  RunningInput running;
  running.sink.withhold_answers();
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(1));
  client.send("b 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(2));
  SECTION("that was handed over long ago") {
    client.half_close();
  }
  SECTION("that goes with the end") {
    client.send("c 1 1700000000\n");
    client.half_close();
  }
  REQUIRE(running.sink.wait_until_asked());
  CHECK(running.sink.asked_for() == running.sink.batch_bytes().size());
  running.sink.answer(true);
  CHECK(client.wait_for_end() == End::Orderly);
}

TEST_CASE("a connection that brought nothing is closed in order at once") {
  RunningInput running;
  running.sink.withhold_answers();
  SocketClient client = running.client();
  SECTION("nothing at all") {}
  SECTION("nothing but bad lines") {
    client.send("bad\nworse x y z\n");
  }
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(running.sink.asked_for() == 0);
}

TEST_CASE("everything that was sent before the half-close is read before the end") {
  RunningInput running;
  SocketClient client = running.client();
  const std::string line = "some.path.of.usual.length 1.5 1700000000\n";
  std::string lines;
  while (lines.size() < 8'000'000) lines += line;
  client.send(lines);
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(running.sink.points() == lines.size() / line.size());
}

TEST_CASE("stopping resets connections that still send") {
  RunningInput running;
  SocketClient idle = running.client();
  SocketClient busy = running.client();
  busy.send("a 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(1));
  running.input().stop();
  CHECK(idle.wait_for_end() == End::Reset);
  CHECK(busy.wait_for_end() == End::Reset);
  running.input().finished();
  CHECK(running.input().stats().connections == 0);
}

TEST_CASE("stopping keeps the answer for connections that wait for durability") {
  RunningInput running;
  running.sink.withhold_answers();
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  client.half_close();
  REQUIRE(running.sink.wait_until_asked());
  running.input().stop();
  CHECK_FALSE(client.has_ended());

  const bool accepted = GENERATE(true, false);
  running.sink.answer(accepted);
  running.input().finished();
  CHECK(client.wait_for_end() == (accepted ? End::Orderly : End::Reset));
}

TEST_CASE("stopping does not wait for a sink that holds the input back") {
  const std::uint32_t threads = GENERATE(1U, 2U);
  RunningInput running({.threads = threads});
  running.sink.hold();
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  REQUIRE(running.sink.wait_until_blocked());
  SocketClient other = running.client();
  other.send("b 1 1700000000\n");
  other.half_close();

  running.input().stop();
  SECTION("that stops") {
    running.sink.stop();
  }
  SECTION("that lets go") {
    running.sink.let_go();
  }
  running.input().finished();
  CHECK(running.sink.points() == 0);
  CHECK(client.wait_for_end() == End::Reset);
  CHECK(other.wait_for_end() == End::Reset);
}

TEST_CASE("once the sink has stopped, nothing is taken and nothing is confirmed") {
  RunningInput running;
  running.sink.stop();
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  CHECK(client.wait_for_end() == End::Reset);
  CHECK(running.sink.points() == 0);
}

TEST_CASE("points of a connection that was reset are kept") {
  RunningInput running;
  SocketClient client = running.client();
  client.send("a 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(1));
  client.reset();
  running.client().send("b 1 1700000000\n");
  CHECK(running.sink.wait_for_points(2));
}

}  // namespace
}  // namespace carbon_spool
