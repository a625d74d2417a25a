// What a sender makes of the ways in which a connection can end.

#include <catch2/catch.hpp>

#include "sender_fixture.h"

using namespace carbon_spool;
using Transport = Address::Transport;
using Visit = ScriptedPeer::Visit;

namespace {

Transport either_transport() {
  return GENERATE(Transport::Tcp, Transport::UnixStream);
}

/// Some batches go to a peer with this script, and all of them are confirmed in the end.
void check_nothing_is_missing(const ScriptedPeer::Script& script, int batches = 50,
                              std::uint64_t least_put_backs = 1) {
  FakeReader reader;
  for (int i = 0; i < batches; ++i) reader.add();
  ScriptedPeer peer(either_transport(), script);
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(all_acknowledged_was_confirmed(reader, peer));
  CHECK(reader.seen().put_backs >= least_put_backs);
}

}  // namespace

TEST_CASE("a peer that closes after it has read everything gets each point once", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 100; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  for (int i = 0; i < 100; ++i) reader.add();
  REQUIRE(reader.wait_until_all_acknowledged());
  const std::multiset<std::string> confirmed = peer.confirmed();
  const std::vector<std::string> lines = reader.acknowledged_lines();
  CHECK(std::multiset<std::string>(lines.begin(), lines.end()) == confirmed);
  CHECK(reader.seen().put_backs == 0);
  CHECK(sender->stats().reconnects == 0);
  CHECK(sender->stats().last_error.empty());
  CHECK(sender->stats().points_per_second > 0);
}

TEST_CASE("nothing is missing after a peer that reset the connection in the middle", "[output]") {
  check_nothing_is_missing([](Visit& visit) {
    if (visit.number() >= 3) return visit.confirm();
    visit.read_up_to(1001);
    visit.reset();
  });
}

TEST_CASE("nothing is missing after a peer that read one byte and reset", "[output]") {
  check_nothing_is_missing([](Visit& visit) {
    if (visit.number() >= 3) return visit.confirm();
    visit.read_up_to(1);
    visit.reset();
  });
}

TEST_CASE("an end of file before ours confirms nothing, even if everything was read", "[output]") {
  FakeReader reader;
  reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (visit.number() > 0) return visit.confirm();
    visit.read_up_to(400);
    visit.end();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_every = Milliseconds(10'000);
  const auto sender = GraphiteSender::start(options, reader);
  // It comes a second time, on a connection that carries one batch and is confirmed at once.
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs == 1);
  CHECK(peer.confirmed().size() == 10);
}

TEST_CASE("nothing is missing after a peer that died with unread bytes in its receive buffer",
          "[output]") {
  SECTION("before our half-close") {
    check_nothing_is_missing([](Visit& visit) {
      if (visit.number() >= 3) return visit.confirm();
      visit.wait_for_bytes();
      visit.end();
    });
  }
  SECTION("after our half-close") {
    check_nothing_is_missing(
        [](Visit& visit) {
          if (visit.number() > 0) return visit.confirm();
          visit.wait_for_half_close();
          visit.end();
        },
        5);
  }
}

TEST_CASE("a peer that talks nonsense is confirmed all the same", "[output]") {
  check_nothing_is_missing(
      [](Visit& visit) {
        for (int i = 0; i < 3; ++i) visit.send(std::string(50'000, '?'));
        visit.confirm();
      },
      50, 0);
}

TEST_CASE("a peer that talks without end does not stop its sender", "[output]") {
  FakeReader reader;
  reader.add();
  ScriptedPeer peer(either_transport(), [&](Visit& visit) {
    while (visit.send(std::string(50'000, '?')) && !visit.peer().over()) {
    }
  });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(reader.wait([](const auto& seen) { return seen.taken == 1; }));
  sender->drain(Milliseconds(100));
  sender->finished();
  CHECK(reader.seen().acknowledged_batches == 0);
  CHECK_FALSE(reader.seen().any_unconfirmed);
}

TEST_CASE("a peer that never reads is stalled, and is cut after stall_timeout", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 200; ++i) reader.add(1000);
  ScriptedPeer peer(
      either_transport(),
      [](Visit& visit) {
        if (visit.number() > 0) visit.confirm();
      },
      4096);
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.stall_timeout = Milliseconds(2000);
  options.confirm_every = Milliseconds(10);
  const auto sender = GraphiteSender::start(options, reader);
  CHECK(comes_true([&] { return sender->stats().state == SenderState::Stalled; }));
  CHECK(reader.seen().acknowledged_batches == 0);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK_THAT(sender->stats().last_error, Catch::Contains("took nothing for 2s"));
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}

TEST_CASE("a peer that never answers a half-close is unconfirmed, and told how to set it",
          "[output]") {
  FakeReader reader;
  for (int i = 0; i < 20; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_timeout = Milliseconds(20);
  const auto sender = GraphiteSender::start(options, reader);
  CHECK(comes_true([&] { return sender->stats().state == SenderState::Unconfirmed; }));
  CHECK_THAT(sender->stats().last_error, Catch::Contains("acknowledge = \"kernel\""));
  CHECK(reader.seen().acknowledged_batches == 0);
}

TEST_CASE("a destination that was unconfirmed is connected again once it confirms", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 20; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (!visit.read_to_end()) return;
    if (visit.number() > 4) visit.confirm_now();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_timeout = Milliseconds(20);
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(comes_true([&] { return sender->stats().state == SenderState::Connected; }));
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}

TEST_CASE("a peer that takes longer than confirm_timeout is confirmed in the end", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 5; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (!visit.read_to_end()) return;
    if (!visit.hangs_up_within(std::chrono::milliseconds(100))) visit.confirm_now();
  });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_timeout = Milliseconds(10);
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs > 0);
}

TEST_CASE("a destination that refuses connections is waited for", "[output]") {
  FakeReader reader;
  reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(comes_true([&] { return sender->stats().state == SenderState::BackingOff; }));
  CHECK_THAT(sender->stats().last_error, Catch::Contains("Connection refused"));
  CHECK(reader.seen().taken == 0);
  peer.listen();
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(all_acknowledged_was_confirmed(reader, peer));
  CHECK(sender->stats().reconnects == 0);
}

TEST_CASE("a server that dies on every large gulp gets everything in small ones", "[output]") {
  constexpr std::size_t kGulp = 10'007;
  FakeReader reader;
  for (int i = 0; i < 200; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    while (visit.text().size() < kGulp) {
      if (!visit.read(kGulp - visit.text().size())) return visit.confirm_now();
    }
    visit.reset();
  });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(all_acknowledged_was_confirmed(reader, peer));
  CHECK(sender->stats().reconnects > 0);
}

namespace {

/// Leaves the line unread: a Unix socket whose server dies when it has read everything looks like
/// one that confirms.
void choke_on_poison(Visit& visit, Milliseconds after = Milliseconds(0)) {
  for (;;) {
    const std::string next = visit.look();
    std::this_thread::sleep_for(after);
    if ((visit.text() + next).find("poison") != std::string::npos) return visit.reset();
    if (next.empty()) return visit.confirm();
    if (!visit.read(next.size())) return;
  }
}

}  // namespace

TEST_CASE("a line that kills the server is set aside, and everything else arrives", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 5; ++i) reader.add();
  reader.add_text(3, "before.it 1 1\npoison 1 1\nafter.it 1 1\n");
  for (int i = 0; i < 60; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { choke_on_poison(visit); });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_every = Milliseconds(5);
  options.confirm_bytes = 1000;
  const auto sender = GraphiteSender::start(options, reader);
  // Something to be confirmed beside it goes on arriving.
  while (!reader.seen().all_acknowledged || reader.seen().set_aside.empty()) {
    const std::uint64_t acknowledged = reader.seen().acknowledged_batches;
    reader.add();
    REQUIRE(
        reader.wait([&](const auto& seen) { return seen.acknowledged_batches > acknowledged; }));
  }
  CHECK(reader.seen().set_aside == std::vector<std::string>{"poison 1 1\n"});
  CHECK(peer.confirmed().count("before.it 1 1\n") > 0);
  CHECK(peer.confirmed().count("after.it 1 1\n") > 0);
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}

TEST_CASE("lines at fault are found within a minute, however rarely connections are confirmed",
          "[output]") {
  FakeReader reader;
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += (i % 400 == 100 ? "poison." : "good.") + std::to_string(i) + " 1 1\n";
  }
  reader.add_text(1000, text);
  ScriptedPeer peer(Transport::UnixStream, [](Visit& visit) { choke_on_poison(visit); });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_every = Milliseconds(60'000);
  const auto sender = GraphiteSender::start(options, reader);
  CHECK(comes_true([&] {
    reader.add();
    return reader.seen().set_aside.size() == 3;
  }));
}

TEST_CASE("a line at fault is found by a server that takes its time to fail on it", "[output]") {
  FakeReader reader;
  reader.add_text(1, "poison 1 1\n");
  ScriptedPeer peer(either_transport(),
                    [](Visit& visit) { choke_on_poison(visit, Milliseconds(20)); });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  // More comes in all the time, so the line never is on a connection of its own by chance.
  CHECK(comes_true([&] {
    reader.add();
    return !reader.seen().set_aside.empty();
  }));
  CHECK(reader.wait_until_all_acknowledged());
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}
