// How a sender ends, and how a destination is probed.

#include <catch2/catch.hpp>

#include "sender_fixture.h"

using namespace carbon_spool;
using Transport = Address::Transport;
using Visit = ScriptedPeer::Visit;

namespace {

Transport either_transport() {
  return GENERATE(Transport::Tcp, Transport::UnixStream);
}

constexpr Milliseconds kLong = std::chrono::minutes(5);  // the test's time-out comes before

}  // namespace

TEST_CASE("a drain sends what waits and ends when it is confirmed", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 100; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
  peer.listen();
  SenderOptions options = quick_options(peer);
  options.confirm_every = kLong;
  const auto sender = GraphiteSender::start(options, reader);
  sender->drain(kLong);
  sender->finished();
  CHECK(reader.seen().all_acknowledged);
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}

TEST_CASE("a drain sends again what was not confirmed", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 100; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (visit.number() > 2) return visit.confirm();
    visit.read_up_to(1001);
    visit.reset();
  });
  peer.listen();
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  sender->drain(kLong);
  sender->finished();
  CHECK(reader.seen().all_acknowledged);
  CHECK(all_acknowledged_was_confirmed(reader, peer));
}

TEST_CASE("a drain with nothing to send ends at once, whether the destination is there or not",
          "[output]") {
  FakeReader reader;
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
  SECTION("it is there") {
    peer.listen();
  }
  SECTION("it is not") {}
  const auto sender = GraphiteSender::start(quick_options(peer), reader);
  sender->drain(kLong);
  sender->finished();
  CHECK(reader.seen().taken == 0);
}

TEST_CASE("a drain that is not confirmed in time puts everything back", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 10; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
  SECTION("the peer never answers the half-close") {
    peer.listen();
    const auto sender = GraphiteSender::start(quick_options(peer), reader);
    REQUIRE(reader.wait([](const auto& seen) { return seen.taken == 10; }));
    sender->drain(Milliseconds(50));
    sender->finished();
  }
  SECTION("the destination cannot be reached") {
    const auto sender = GraphiteSender::start(quick_options(peer), reader);
    sender->drain(Milliseconds(50));
    sender->finished();
  }
  CHECK(reader.seen().any_unsent);
  CHECK_FALSE(reader.seen().any_unconfirmed);
  CHECK(reader.seen().acknowledged_batches == 0);
}

TEST_CASE("a sender that is destroyed without a drain puts everything back", "[output]") {
  FakeReader reader;
  reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
  peer.listen();
  {
    const auto sender = GraphiteSender::start(quick_options(peer), reader);
    REQUIRE(reader.wait([](const auto& seen) { return seen.taken == 1; }));
  }
  CHECK_FALSE(reader.seen().any_unconfirmed);
  CHECK(reader.seen().put_backs == 1);
  reader.add();  // wakes nobody
}

TEST_CASE("a probe says whether a destination would confirm", "[output]") {
  SECTION("it would") {
    ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.confirm(); });
    peer.listen();
    const Probe probe = probe_destination(peer.address(), kLong, kLong);
    CHECK(probe.connected);
    CHECK(probe.confirmed);
    CHECK(probe.error.empty());
    CHECK_FALSE(probe.peer.empty());
  }
  SECTION("it never closes") {
    ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
    peer.listen();
    const Probe probe = probe_destination(peer.address(), kLong, Milliseconds(20));
    CHECK(probe.connected);
    CHECK_FALSE(probe.confirmed);
    CHECK(probe.error == "did not close its side within 20ms after we had closed ours");
  }
  SECTION("it is not there") {
    const ScriptedPeer peer(either_transport(), [](Visit&) {});
    const Probe probe = probe_destination(peer.address(), kLong, kLong);
    CHECK_FALSE(probe.connected);
    CHECK_THAT(probe.error, Catch::Contains("Connection refused"));
  }
}

TEST_CASE("a probe of a name that does not resolve, or of an impossible path, says so",
          "[output]") {
  Address address;
  SECTION("name") {
    address.host = "no such host";
    address.port = 1;
    const Probe probe = probe_destination(address, kLong, kLong);
    CHECK_FALSE(probe.connected);
    CHECK_THAT(probe.error, Catch::StartsWith("cannot resolve no such host"));
  }
  SECTION("path") {
    address.transport = Transport::UnixStream;
    address.path = "/" + std::string(200, 'x');
    const Probe probe = probe_destination(address, kLong, kLong);
    CHECK_FALSE(probe.connected);
    CHECK_THAT(probe.error, Catch::Contains("too long"));
  }
}

TEST_CASE("an address that takes no connections is given up after connect_timeout", "[output]") {
  ScriptedPeer peer(either_transport(), [](Visit&) {});
  peer.listen_without_accepting();
  Probe last;
  // Its queue of connections is short; what is in it stays there when we leave.
  for (int i = 0; i < 10; ++i) {
    last = probe_destination(peer.address(), Milliseconds(50), Milliseconds(1));
  }
  CHECK_FALSE(last.connected);
  const bool is_file = peer.address().transport == Transport::UnixStream;
  CHECK_THAT(last.error,
             Catch::Contains(is_file ? "accepts no connection" : "no answer within 50ms"));
}
