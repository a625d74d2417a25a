// How connections of the events input end: by their clients, by time, by us.

#include <optional>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "eventually.h"
#include "http_client.h"
#include "running_input.h"

namespace carbon_spool {
namespace {

using End = SocketClient::End;

/// Nobody waits for that long; a client that did its part must not be cut by it.
constexpr Milliseconds kSoon{20};

RunningInputOptions events(RunningInputOptions options = {}) {
  options.type = InputType::Events;
  return options;
}

const std::string kEvent = R"({"what":"a","when":1700000000})";
const std::string kHead = "POST /events/ HTTP/1.1\r\nHost: a\r\n";

/// Beginnings of requests.
std::string half_a_request() {
  return GENERATE(std::string("P"), kHead, kHead + "Content-Length: 31\r\n\r\n",
                  kHead + "Content-Length: 31\r\n\r\n{\"what\":",
                  kHead + "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"what\":\r\n",
                  kHead + "Transfer-Encoding: chunked\r\n\r\nc\r\n{\"what\":\"a\"}\r\n0\r\n");
}

bool becomes_unterminated(const RunningInput& running, std::uint64_t count) {
  return eventually([&] { return running.refused(Refusal::Unterminated) == count; });
}

TEST_CASE("a request that is not complete within idle_timeout ends its connection") {
  RunningInput running(events({.idle_timeout = kSoon}));
  const std::string request = half_a_request();
  CAPTURE(request);
  // More than once only where the first is cut before it has sent anything.
  CHECK(eventually([&] {
    SocketClient client = running.client();
    static_cast<void>(client.send_some(request));
    CHECK(client.wait_for_end() != End::None);
    return running.refused(Refusal::Unterminated) > 0;
  }));
  CHECK(running.sink.points() == 0);
  CHECK(eventually([&] { return running.input().stats().connections == 0; }));
}

TEST_CASE("a client that says nothing within idle_timeout is let go, and not counted") {
  RunningInput running(events({.idle_timeout = kSoon}));
  SocketClient client = running.client();
  CHECK(client.wait_for_end() == End::Orderly);
  REQUIRE(eventually([&] { return running.input().stats().connections == 0; }));
  CHECK(running.input().stats().refused == RefusalCounts{});
}

TEST_CASE("a client that sends on and on, a little at a time, is no exception") {
  RunningInput running(events({.idle_timeout = kSoon}));
  SocketClient client = running.client();
  static_cast<void>(client.send_some(kHead + "Transfer-Encoding: chunked\r\n\r\n1;"));
  CHECK(eventually([&] {
    static_cast<void>(client.send_some("a"));
    return client.has_ended();
  }));
  CHECK(running.refused(Refusal::BadRequest) == 0);
  CHECK(running.sink.points() == 0);
}

TEST_CASE("half a request and then the end is counted, and has no answer") {
  RunningInput running(events());
  const std::string request = half_a_request();
  CAPTURE(request);
  SocketClient client = running.client();
  client.send(request);
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(becomes_unterminated(running, 1));
  CHECK(running.sink.points() == 0);
}

TEST_CASE("half a request and then a reset is counted, too") {
  RunningInput running(events());
  HttpClient client(running.address());
  // Its answer says that the header was read.
  CHECK(client.ask(kHead + "Expect: 100-continue\r\nContent-Length: 31\r\n\r\n").status == 100);
  client.socket.reset();
  CHECK(becomes_unterminated(running, 1));
}

TEST_CASE("an end between requests is not counted") {
  RunningInput running(events());
  HttpClient client(running.address());
  CHECK(client.ask(http_post(kEvent)).status == 200);
  client.socket.half_close();
  CHECK(client.ends());
  REQUIRE(eventually([&] { return running.input().stats().connections == 0; }));
  CHECK(running.input().stats().refused == RefusalCounts{});
}

TEST_CASE("a client that went away before its answer harms nobody") {
  RunningInput running(events());
  running.sink.withhold_answers();
  HttpClient client(running.address());
  client.socket.send(http_post(kEvent) + http_post(kEvent));
  REQUIRE(running.sink.wait_until_asked());
  client.socket.reset();
  running.sink.answer(true);
  REQUIRE(eventually([&] {
    running.sink.answer(true);
    return running.input().stats().connections == 0;
  }));
}

TEST_CASE("what a slow disk takes does not count as the client's time") {
  RunningInput running(events({.idle_timeout = kSoon}));
  running.sink.withhold_answers();
  std::optional<HttpClient> slow;
  // More than once only where the first is cut before it has sent anything.
  while (running.sink.points() == 0) {
    slow.emplace(running.address());
    static_cast<void>(slow->socket.send_some(http_post(kEvent)));
    REQUIRE(eventually([&] { return running.sink.points() > 0 || slow->socket.has_ended(); }));
  }
  REQUIRE(running.sink.wait_until_asked());
  // A connection that begins later and ends by idle_timeout: that has passed for the first, too.
  SocketClient idle = running.client();
  CHECK(idle.wait_for_end() == End::Orderly);
  running.sink.answer(true);
  CHECK(slow->reply().status == 200);
}

/// The listener of `running` goes, and another comes.
void reload_elsewhere(RunningInput& running) {
  InputOptions next;
  next.type = InputType::Events;
  next.listen = {parse_address("tcp://127.0.0.2:0").value()};
  REQUIRE(running.input().prepare(next));
  running.input().use_prepared();
}

TEST_CASE("a listener that goes ends its connections, but gives the answers that it owes") {
  RunningInput running(events());
  HttpClient idle(running.address());
  CHECK(idle.ask(http_post(kEvent)).status == 200);
  HttpClient half(running.address());
  half.socket.send(kHead);
  REQUIRE(eventually([&] { return running.input().stats().connections == 2; }));
  running.sink.withhold_answers();
  HttpClient owed(running.address());
  owed.socket.send(http_post(kEvent) + http_post(kEvent));
  REQUIRE(running.sink.wait_until_asked());
  const bool reload = GENERATE(false, true);
  if (reload) {
    reload_elsewhere(running);
  } else {
    running.input().stop();
  }
  CHECK(idle.ends());
  CHECK(half.ends());
  CHECK_FALSE(owed.socket.has_ended());
  running.sink.answer(true);
  const HttpReply reply = owed.reply();
  CHECK(reply.status == 200);
  CHECK(reply.has("Connection: close"));
  CHECK(running.sink.points() == 2);
  CHECK(running.refused(Refusal::Unterminated) == 0);
  if (reload) {
    HttpClient anew(running.address());
    anew.socket.send(http_post(kEvent));
    REQUIRE(running.sink.wait_until_asked());
    running.sink.answer(true);
    CHECK(anew.reply().status == 200);
  } else {
    // Although that client keeps its side open.
    running.input().finished();
    CHECK(running.input().stats().connections == 0);
  }
}

TEST_CASE("a listener that stays keeps its connections") {
  RunningInput running(events());
  HttpClient client(running.address());
  CHECK(client.ask(http_post(kEvent)).status == 200);
  InputOptions next;
  next.type = InputType::Events;
  next.max_connections = 1;
  next.listen = {parse_address("tcp://127.0.0.1:0").value()};
  REQUIRE(running.input().prepare(next));
  running.input().use_prepared();
  CHECK(client.ask(http_post(kEvent)).status == 200);
  CHECK(HttpClient(running.address()).ends());
  CHECK(running.input().stats().connections_refused == 1);
}

TEST_CASE("of what was prepared and is taken back nothing stays") {
  RunningInput running(events());
  InputOptions next;
  next.type = InputType::Events;
  next.listen = {parse_address("tcp://127.0.0.1:0").value(),
                 parse_address("tcp://127.0.0.2:0").value()};
  REQUIRE(running.input().prepare(next));
  next.listen.pop_back();
  REQUIRE(running.input().prepare(next));
  running.input().use_prepared();
  CHECK(running.input().listening().size() == 1);
  HttpClient client(running.address());
  CHECK(client.ask(http_post(kEvent)).status == 200);
}

}  // namespace
}  // namespace carbon_spool
