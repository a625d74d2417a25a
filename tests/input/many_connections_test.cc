#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "eventually.h"
#include "running_input.h"

namespace carbon_spool {
namespace {

using End = SocketClient::End;

/// Sets the soft limit on file descriptors for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = std::min(soft, before_.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_CASE("a thousand connections at once each get all their points through and their answer") {
  const DescriptorLimit limit(4096);
  const std::uint32_t threads = GENERATE(1U, 3U);
  RunningInput running({.threads = threads});
  std::vector<SocketClient> clients;
  for (int count = 0; count < 1000; ++count) clients.push_back(running.client());
  REQUIRE(eventually([&] { return running.input().stats().connections == 1000; }));

  for (std::size_t index = 0; index < clients.size(); ++index) {
    clients[index].send("first." + std::to_string(index) + " 1 1700000000\nsecond." +
                        std::to_string(index) + " 2 17");
  }
  for (SocketClient& each : clients) {
    each.send("00000000\n");
    each.half_close();
  }
  for (SocketClient& each : clients) REQUIRE(each.wait_for_end() == End::Orderly);
  CHECK(running.sink.points() == 2000);
  const std::string text = running.sink.text();
  CHECK(text.find("first.999 1 1700000000\n") != std::string::npos);
  CHECK(text.find("second.0 2 1700000000\n") != std::string::npos);
  CHECK(eventually([&] { return running.input().stats().connections == 0; }));
}

TEST_CASE("connections are dealt out to all ingest threads") {
  RunningInput running({.threads = 2});
  SocketClient one = running.client();
  SocketClient two = running.client();
  one.send("a 1 1700000000\n");
  two.send("b 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(2));
  CHECK(running.sink.threads() == std::set<std::string>{"ingest-0", "ingest-1"});
}

TEST_CASE("datagram sockets are dealt out to all ingest threads") {
  RunningInput running({.listen = {"udp://127.0.0.1:0", "udp://127.0.0.1:0"}, .threads = 2});
  running.client(0).send("a 1 1700000000\n");
  running.client(1).send("b 1 1700000000\n");
  REQUIRE(running.sink.wait_for_points(2));
  CHECK(running.sink.threads() == std::set<std::string>{"ingest-0", "ingest-1"});
}

TEST_CASE("a connection beyond max_connections is reset and counted, until another one goes") {
  RunningInput running(
      {.listen = {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0"}, .max_connections = 2});
  SocketClient one = running.client(0);
  SocketClient two = running.client(1);
  REQUIRE(eventually([&] { return running.input().stats().connections == 2; }));
  for (std::size_t listener : {0U, 1U}) {
    CHECK(running.client(listener).wait_for_end() == End::Reset);
    CHECK(running.input().stats().connections_refused == listener + 1);
  }

  one.half_close();
  REQUIRE(one.wait_for_end() == End::Orderly);
  REQUIRE(eventually([&] { return running.input().stats().connections == 1; }));
  SocketClient three = running.client(1);
  three.send("a 1 1700000000\n");
  CHECK(running.sink.wait_for_points(1));
  two.send("b 1 1700000000\n");
  CHECK(running.sink.wait_for_points(2));
}

TEST_CASE("a client is told when no file descriptors are left, and the next one is served again") {
  RunningInput running({.max_connections = 1});
  {
    // Refused for another reason first: sanitizers that see code for the first time need a
    // descriptor of their own to look at memory, and there will be none.
    const SocketClient only = running.client();
    REQUIRE(eventually([&] { return running.input().stats().connections == 1; }));
    REQUIRE(running.client().wait_for_end() == End::Reset);
  }
  REQUIRE(eventually([&] { return running.input().stats().connections == 0; }));
  SocketClient refused = SocketClient::unconnected(running.address());
  SocketClient served = SocketClient::unconnected(running.address());
  std::vector<UniqueFd> all_the_others;
  {
    const DescriptorLimit limit(static_cast<rlim_t>(served.fd()) + 20);
    for (;;) {
      UniqueFd one(::dup(served.fd()));
      if (!one) break;
      all_the_others.push_back(std::move(one));
    }
    refused.connect(running.address());
    CHECK(refused.wait_for_end() == End::Reset);
  }
  CHECK(running.input().stats().connections_refused == 2);
  all_the_others.clear();
  served.connect(running.address());
  served.send("a 1 1700000000\n");
  CHECK(running.sink.wait_for_points(1));
}

TEST_CASE("when unfinished lines take too much memory, the one that is kept longest is cut") {
  RunningInput running({.max_fragment_bytes = 10'000});
  SocketClient probe = running.client();
  SocketClient first = running.client();
  SocketClient second = running.client();
  SocketClient third = running.client();
  const std::string half = "path" + std::string(3'000, ' ');
  const std::string rest = "1 1700000000\n";

  first.send(half);
  running.settle(probe);
  second.send(half);
  running.settle(probe);
  first.send(rest + half);
  running.settle(probe);
  CHECK(running.input().stats().fragments_cut == 0);

  third.send(half);
  CHECK(second.wait_for_end() == End::Reset);
  CHECK(running.input().stats().fragments_cut == 1);
  CHECK(running.refused(Refusal::Unterminated) == 1);
  running.settle(probe);
  const std::uint64_t before = running.sink.points();
  first.send(rest);
  third.send(rest);
  CHECK(running.sink.wait_for_points(before + 2));
}

TEST_CASE("a connection whose own line is too much for the budget is cut itself") {
  RunningInput running({.max_fragment_bytes = 1'000});
  SocketClient client = running.client();
  client.send(std::string(3'000, 'x'));
  CHECK(client.wait_for_end() == End::Reset);
  CHECK(running.input().stats().fragments_cut == 1);
  running.client().send("a 1 1700000000\n");
  CHECK(running.sink.wait_for_points(1));
}

}  // namespace
}  // namespace carbon_spool
