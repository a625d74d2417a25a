// How connections follow one another.

#include <catch2/catch.hpp>

#include "sender_fixture.h"

using namespace carbon_spool;
using Transport = Address::Transport;
using Visit = ScriptedPeer::Visit;

namespace {

constexpr std::chrono::milliseconds kLongEnough(100);  // for something that should not happen

Transport either_transport() {
  return GENERATE(Transport::Tcp, Transport::UnixStream);
}

}  // namespace

TEST_CASE("the next connection carries on while the old one waits for its end of file",
          "[output]") {
  FakeReader reader;
  reader.add();
  bool first_waits = false;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    if (!visit.read_to_end()) return;
    visit.peer().tell([&] { first_waits = true; });
    // The first is confirmed only after the second was.
    if (visit.number() > 0 || visit.peer().wait([&] { return visit.peer().ended() > 0; })) {
      visit.confirm_now();
    }
  });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(peer.wait([&] { return first_waits; }));
  reader.add();
  CHECK(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs == 0);
}

TEST_CASE(
    "with oldest_first nothing goes out on the next connection until the old one is confirmed",
    "[output]") {
  FakeReader reader;
  for (int i = 0; i < 50; ++i) reader.add();
  int open = 0;
  int most_open = 0;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    visit.wait_for_bytes();
    visit.peer().tell([&] { most_open = std::max(most_open, ++open); });
    if (!visit.read_to_end()) return;
    static_cast<void>(visit.hangs_up_within(std::chrono::milliseconds(20)));
    visit.peer().tell([&] { --open; });
    visit.confirm_now();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.replay = Replay::OldestFirst;
  options.confirm_bytes = 2000;
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(peer.ask([&] { return most_open; }) == 1);
  CHECK(reader.seen().put_backs == 0);
}

TEST_CASE("with oldest_first everything arrives in order, even after a reset", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 50; ++i) reader.add();
  std::string text;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    if (visit.number() % 3 == 1 && visit.read_up_to(501)) {
      visit.reset();
    } else if (visit.read_to_end()) {
      visit.peer().tell([&] { text += visit.text(); });
      visit.confirm_now();
    }
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.replay = Replay::OldestFirst;
  options.confirm_bytes = 2000;
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  std::string expected;
  for (const std::string& line : reader.acknowledged_lines()) expected += line;
  CHECK(peer.ask([&] { return text; }) == expected);
}

TEST_CASE("at most two connections wait for their end of file at a time", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 50; ++i) reader.add();
  int waiting = 0;
  bool released = false;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    if (!visit.read_to_end()) return;
    visit.peer().tell([&] { ++waiting; });
    if (visit.peer().wait([&] { return released; })) visit.confirm_now();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_bytes = 1000;
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(peer.wait([&] { return waiting == 2; }));
  CHECK_FALSE(peer.wait_for(kLongEnough, [&] { return waiting == 3; }));
  peer.tell([&] { released = true; });
  CHECK(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs == 0);
}

TEST_CASE("a connection that carries nothing is left alone", "[output]") {
  FakeReader reader;
  bool was_quiet = false;
  bool watched = false;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    const bool quiet = visit.is_quiet_for(kLongEnough);
    visit.peer().tell([&] {
      was_quiet = quiet;
      watched = true;
    });
    visit.confirm();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_every = Milliseconds(5);
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(peer.wait([&] { return watched; }));
  CHECK(peer.ask([&] { return was_quiet; }));
  CHECK(peer.visits() == 1);
  CHECK(sender->stats().state == SenderState::Connected);
}

TEST_CASE(
    "a connection that carried a point is confirmed after confirm_every, though nothing follows",
    "[output]") {
  FakeReader reader;
  reader.add(1);
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  CHECK(reader.wait_until_all_acknowledged());
  CHECK(comes_true([&] { return peer.visits() == 2; }));
}

TEST_CASE("a connection carries no more than confirm_bytes, to a batch", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 100; ++i) reader.add();
  std::size_t most = 0;
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    if (!visit.read_to_end()) return;
    visit.peer().tell([&] { most = std::max(most, visit.text().size()); });
    visit.confirm_now();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_bytes = 3000;
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(peer.ask([&] { return most; }) >= 3000);
  CHECK(peer.ask([&] { return most; }) < 3000 + 400);
}

TEST_CASE(
    "a point for a connection that the server has dropped while it was idle goes out on a new one",
    "[output]") {
  FakeReader reader;
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (visit.number() == 0) return visit.end();
    visit.confirm();
  });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(comes_true([&] { return peer.visits() == 2; }));
  reader.add();
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs == 0);
}

TEST_CASE("large batches go through a narrow socket whole", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 30; ++i) reader.add(700, 90);
  ScriptedPeer peer(
      either_transport(),
      [](Visit& visit) {
        while (visit.read(777)) {
        }
        visit.confirm_now();
      },
      4096);
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_bytes = 200'000;
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  const std::vector<std::string> lines = reader.acknowledged_lines();
  CHECK(std::multiset<std::string>(lines.begin(), lines.end()) == peer.confirmed());
}
