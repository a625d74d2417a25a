// acknowledge = "kernel"

#include <catch2/catch.hpp>

#include "sender_fixture.h"

using namespace carbon_spool;
using Transport = Address::Transport;
using Visit = ScriptedPeer::Visit;

namespace {

SenderOptions kernel_options(const ScriptedPeer& peer) {
  SenderOptions options = quick_options(peer);
  options.acknowledge = Acknowledge::Kernel;
  return options;
}

Transport either_transport() {
  return GENERATE(Transport::Tcp, Transport::UnixStream);
}

}  // namespace

TEST_CASE("by kernel, what the peer's kernel has taken is acknowledged without an end of file",
          "[output]") {
  FakeReader reader;
  for (int i = 0; i < 200; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
  peer.listen();
  const auto sender = GraphiteSender::start(kernel_options(peer), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  for (int i = 0; i < 200; ++i) reader.add();
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(peer.visits() == 1);
  CHECK(reader.seen().acknowledge_calls < 100);
  CHECK(reader.seen().resends_of_kept == 0);
  CHECK(sender->stats().state == SenderState::Connected);
}

TEST_CASE("by kernel, what the peer's kernel has not taken stays unacknowledged", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 300; ++i) reader.add(1000);
  ScriptedPeer peer(
      either_transport(), [](Visit&) {}, 4096);
  peer.listen();
  SenderOptions options = kernel_options(peer);
  options.stall_timeout = Milliseconds(1000);
  const auto sender = GraphiteSender::start(options, reader);
  REQUIRE(comes_true([&] { return sender->stats().state == SenderState::Stalled; }));
  CHECK(reader.seen().acknowledged_batches == 0);  // each is larger than the peer's buffer
  CHECK(reader.seen().any_unconfirmed);
}

TEST_CASE("by kernel, a disconnect puts back the rest and sends again what is kept", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 300; ++i) reader.add(1000);
  ScriptedPeer peer(either_transport(), [](Visit& visit) {
    if (visit.number() > 0) {
      visit.read_to_end();
      return;
    }
    visit.read_up_to(20'001);
    visit.reset();
  });
  peer.listen();
  const auto sender = GraphiteSender::start(kernel_options(peer), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().put_backs == 1);
  CHECK(reader.seen().resends_of_kept == 1);
}

TEST_CASE("by kernel, a drain ends once the peer's kernel has everything", "[output]") {
  FakeReader reader;
  for (int i = 0; i < 100; ++i) reader.add();
  ScriptedPeer peer(either_transport(), [](Visit& visit) { visit.read_to_end(); });
  peer.listen();
  const auto sender = GraphiteSender::start(kernel_options(peer), reader);
  sender->drain(std::chrono::hours(1));
  sender->finished();
  CHECK(reader.seen().all_acknowledged);
}
