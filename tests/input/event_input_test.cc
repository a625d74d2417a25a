#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "eventually.h"
#include "http_client.h"
#include "running_input.h"
#include "set_clock.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kMostBody = 65535;

RunningInputOptions events(RunningInputOptions options = {}) {
  options.type = InputType::Events;
  return options;
}

std::string event(std::string_view what) {
  return R"({"what":")" + std::string(what) + R"(","when":1700000000})";
}

/// As it is handed over.
std::string line(std::string_view what) {
  return R"({"what":")" + std::string(what) + R"(","data":"","when":1700000000})" + "\n";
}

TEST_CASE("an event is handed over as one line, in a batch of its own") {
  const SetClock clock(1700000123);
  RunningInput running(events({.clock = &clock}));
  HttpClient client(running.address());
  const HttpReply reply = client.ask(http_post(R"( {"tags" : ["b", "a"],
      "what": "deployed\n1.4", "data": "by ü"} )"));
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(running.sink.text() ==
        R"({"what":"deployed\n1.4","tags":"b a","data":"by ü","when":1700000123.0})"
        "\n");
  CHECK(client.ask(http_post(event("second"))).status == 200);
  CHECK(running.sink.points() == 2);
  CHECK(running.sink.batch_bytes().size() == 2);
  CHECK(running.sink.threads() == std::set<std::string>{"events"});
}

TEST_CASE("tags are taken as a list and as a string") {
  RunningInput running(events());
  HttpClient client(running.address());
  const auto [given, kept] = GENERATE(table<std::string, std::string>({
      {R"(["web","eu"])", R"("tags":"web eu",)"},
      {R"("web  eu ")", R"("tags":"web  eu ",)"},
      {R"([])", R"("tags":"",)"},
      {R"("")", R"("tags":"",)"},
      {R"(null)", ""},
  }));
  CAPTURE(given);
  CHECK(client.ask(http_post(R"({"what":"a","when":1,"tags":)" + given + "}")).status == 200);
  CHECK(running.sink.text() == R"({"what":"a",)" + kept + R"("data":"","when":1})" + "\n");
}

TEST_CASE("a body that is no event is answered with 400 and why, and costs nobody else anything") {
  RunningInput running(events());
  HttpClient client(running.address());
  const auto [body, why] = GENERATE(table<std::string, std::string>({
      {"", "expected a JSON object"},
      {"what=a", "expected a JSON object"},
      {R"({"what":"a")", "expected a JSON object"},
      {R"({"what":"a"} {"what":"b"})", "expected a JSON object"},
      {R"(["what"])", "expected a JSON object"},
      {"null", "expected a JSON object"},
      {"{\"what\":\"\xff\"}", "expected a JSON object"},
      {std::string(60000, '['), "expected a JSON object"},
      {R"({"tags":"a"})", R"(\"what\" must be there, and a string)"},
      {R"({"what":null})", R"(\"what\" must be there, and a string)"},
      {R"({"what":["a"]})", R"(\"what\" must be there, and a string)"},
      // In the words of graphite-web.
      {R"({"what":"a","tags":5})", R"(\"tags\" must be an array or space-separated string)"},
      {R"({"what":"a","tags":{"b":1}})", R"(\"tags\" must be an array or space-separated string)"},
      {R"({"what":"a","tags":["b",1]})", R"(\"tags\" must be an array of strings)"},
      {R"({"what":"a","data":null})", R"(\"data\" must not be null)"},
      {R"({"what":"a\u0000b"})", R"(\"what\" must not have NUL in it)"},
  }));
  CAPTURE(body);
  const HttpReply reply = client.ask(http_post(body));
  CHECK(reply.status == 400);
  CHECK(reply.has("Content-Type: application/json"));
  CHECK(reply.body == R"({"error": ")" + why + R"("})");
  CHECK(running.refused(Refusal::BadEvent) == 1);
  CHECK(client.ask(http_post(event("good"))).status == 200);
  CHECK(running.sink.text() == line("good"));
}

TEST_CASE("a time that graphite-web would fail on is refused") {
  RunningInput running(events());
  HttpClient client(running.address());
  const std::string when = GENERATE("\"noon\"", "null", "-1", "4294967296", "1e400", "[1]", "true");
  CAPTURE(when);
  CHECK(client.ask(http_post(R"({"what":"a","when":)" + when + "}")).status == 400);
  CHECK(running.refused(Refusal::BadTimestamp) + running.refused(Refusal::BadEvent) == 1);
  CHECK(running.sink.points() == 0);
}

TEST_CASE("the Content-Type does not matter") {
  RunningInput running(events());
  HttpClient client(running.address());
  for (const char* type : {"application/json", "application/x-www-form-urlencoded", "text/plain",
                           "multipart/form-data; boundary=x", "?"}) {
    const std::string field = "Content-Type: " + std::string(type) + "\r\n";
    CHECK(client.ask(http_post(event("a"), field)).status == 200);
  }
  CHECK(running.sink.points() == 5);
}

TEST_CASE("only POST of the path of events is taken, and the connection is kept for better ones") {
  RunningInput running(events());
  HttpClient client(running.address());
  for (const char* path : {"/", "/events/1/", "/event", "//events/", "/events/get_data", "*"}) {
    CAPTURE(path);
    const std::string start = "POST " + std::string(path) + " HTTP/1.1";
    CHECK(client.ask(http_post(event("a"), "", start)).status == 404);
  }
  for (const char* method : {"GET", "PUT", "DELETE", "OPTIONS", "SPEAK"}) {
    CAPTURE(method);
    const std::string start = std::string(method) + " /events/ HTTP/1.1";
    const HttpReply reply = client.ask(http_post(event("a"), "", start));
    CHECK(reply.status == 405);
    CHECK(reply.has("Allow: POST"));
  }
  CHECK(running.refused(Refusal::BadRequest) == 11);
  CHECK(running.sink.points() == 0);
  CHECK(client.ask(http_post(event("a"), "", "POST /events?x=1 HTTP/1.1")).status == 200);
}

TEST_CASE("requests that are sent without waiting are answered each, in order") {
  RunningInput running(events());
  HttpClient client(running.address());
  client.socket.send(http_post(event("one")) + http_post("bad") + http_post(event("two")) +
                     "GET /events/ HTTP/1.1\r\n\r\n" + http_post(event("three")));
  std::vector<int> statuses(5);
  for (int& each : statuses) each = client.reply().status;
  CHECK(statuses == std::vector<int>{200, 400, 200, 405, 200});
  CHECK(running.sink.text() == line("one") + line("two") + line("three"));
}

TEST_CASE("many requests that are sent at once are all answered") {
  RunningInput running(events());
  HttpClient client(running.address());
  const std::string big =
      http_post(R"({"what":"a","when":1,"data":")" + std::string(30000, 'x') + "\"}");
  std::string all;
  for (int i = 0; i < 20; ++i) all += big;
  client.socket.send(all);
  for (int i = 0; i < 20; ++i) REQUIRE(client.reply().status == 200);
  CHECK(running.sink.points() == 20);
}

TEST_CASE("a client that half-closed after its request has its answer") {
  RunningInput running(events());
  running.sink.withhold_answers();
  HttpClient client(running.address());
  client.socket.send(http_post(event("a")));
  client.socket.half_close();
  REQUIRE(running.sink.wait_until_asked());
  running.sink.answer(true);
  CHECK(client.reply().status == 200);
  CHECK(client.ends());
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

TEST_CASE("the answer comes only once the event is durable") {
  RunningInput running(events());
  running.sink.withhold_answers();
  HttpClient client(running.address());
  // The second waits for the answer to the first.
  client.socket.send(http_post(event("one")) + http_post(event("two")));
  REQUIRE(running.sink.wait_until_asked());
  CHECK(running.sink.text() == line("one"));
  CHECK_FALSE(client.socket.has_ended());
  running.sink.answer(true);
  CHECK(client.reply().status == 200);
  REQUIRE(running.sink.wait_until_asked());
  running.sink.answer(false);
  CHECK(client.reply().status == 503);
}

TEST_CASE("a queue that takes nothing is answered with 503, and the client may try again") {
  RunningInput running(events());
  HttpClient client(running.address());
  running.sink.hold();
  const HttpReply reply = client.ask(http_post(event("a")));
  CHECK(reply.status == 503);
  CHECK(reply.has("Retry-After: 1"));
  CHECK(reply.body == R"({"error": "the queue takes nothing now"})");
  CHECK(running.sink.points() == 0);
  running.sink.let_go();
  CHECK(client.ask(http_post(event("a"))).status == 200);
  CHECK(running.input().stats().refused == RefusalCounts{});
}

TEST_CASE("a body in chunks is taken") {
  RunningInput running(events());
  HttpClient client(running.address());
  const std::string head = "POST /events/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
  CHECK(client.ask(head + "\r\n8\r\n{\"what\":\r\n4;key=value\r\n\"a\"}\r\n0\r\nTrailer: a\r\n\r\n")
            .status == 200);
  SECTION("byte by byte") {
    client.socket.send(head + "\r\n");
    for (const char each : event("b")) client.socket.send("1\r\n" + std::string(1, each) + "\r\n");
    CHECK(client.ask("0\r\n\r\n").status == 200);
    CHECK(running.sink.text().ends_with(line("b")));
  }
  SECTION("but not what is no chunk") {
    CHECK(client.ask(head + "\r\nxyz\r\n{}\r\n0\r\n\r\n").status == 400);
    CHECK(client.ends());
    CHECK(running.refused(Refusal::BadRequest) == 1);
  }
}

TEST_CASE("a body of which nobody can tell the length is refused") {
  RunningInput running(events());
  const std::string fields =
      GENERATE("Content-Length: -1\r\n", "Content-Length: 99999999999999999999999\r\n",
               "Content-Length: 5 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
               "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n");
  CAPTURE(fields);
  HttpClient client(running.address());
  client.socket.send("POST /events/ HTTP/1.1\r\n" + fields + "\r\n{\"what\":\"a\"}");
  CHECK(client.reply().status == 400);
  CHECK(client.ends());
  CHECK(running.refused(Refusal::BadRequest) == 1);
  CHECK(running.sink.points() == 0);
}

TEST_CASE("an event of the greatest size is taken, and one byte more is not") {
  RunningInput running(events());
  HttpClient client(running.address());
  std::string body = event("a");
  body.resize(kMostBody, ' ');
  CHECK(client.ask(http_post(body)).status == 200);
  body += ' ';
  SECTION("told by its length") {
    client.socket.send(http_post(body));
  }
  SECTION("told by its length before it is sent") {
    client.socket.send(
        "POST /events/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 65536\r\n\r\n");
  }
  SECTION("in chunks") {
    client.socket.send("POST /events/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n" +
                       body.substr(0, 0x8000) + "\r\n8000\r\n" + body.substr(0x8000) +
                       "\r\n0\r\n\r\n");
  }
  SECTION("in a chunk without end") {
    client.socket.send("POST /events/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                       std::string(100'000, 'x'));
  }
  const HttpReply reply = client.reply();
  CHECK(reply.status == 413);
  CHECK(reply.has("Connection: close"));
  CHECK(client.ends());
  CHECK(running.refused(Refusal::EventTooLarge) == 1);
  CHECK(running.sink.text() == line("a"));
}

TEST_CASE("an event that grows too large by being written out is refused") {
  RunningInput running(events());
  HttpClient client(running.address());
  // Each of these takes five characters more than it came with.
  const std::string body = R"({"what":"a","data":")" + std::string(60'000, '\x7f') + "\"}";
  CHECK(client.ask(http_post(body)).status == 200);
  CHECK(
      client.ask(http_post(R"({"what":"a","data":")" + std::string(65'510, 'x') + "\"}")).status ==
      413);
  CHECK(running.refused(Refusal::EventTooLarge) == 1);
}

TEST_CASE("a header is bounded") {
  RunningInput running(events());
  std::string fields;
  SECTION("of many lines") {
    for (int i = 0; i < 2000; ++i) fields += "a: b\r\n";
  }
  SECTION("of a long line") {
    fields = "a: " + std::string(10'000, 'b') + "\r\n";
  }
  SECTION("of a line without end") {
    fields = std::string(200'000, 'b');
  }
  HttpClient client(running.address());
  client.socket.send(http_post(event("a"), fields));
  CHECK(client.reply().status == 431);
  CHECK(client.ends());
  CHECK(running.refused(Refusal::BadRequest) == 1);
  CHECK(running.sink.points() == 0);
}

TEST_CASE("what is no HTTP is answered with 400, and ends") {
  RunningInput running(events());
  const std::string bytes = GENERATE(
      std::string("\0\0\0\x25\x80\x02]q\x01\r\n\r\n", 13), std::string("a.b 1 1700000000\n\n"),
      std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 15), std::string("\r\n\r\n"),
      std::string("POST /events/ HTTP/9.9\r\n\r\n"), std::string("POST\r\n\r\n"),
      std::string("POST /events/ HTTP/1.1\r\nno field\r\n\r\n"));
  CAPTURE(bytes);
  HttpClient client(running.address());
  client.socket.send(bytes);
  CHECK(client.reply().status == 400);
  CHECK(client.ends());
  CHECK(running.refused(Refusal::BadRequest) == 1);
  HttpClient other(running.address());
  CHECK(other.ask(http_post(event("a"))).status == 200);
}

TEST_CASE("a client that asks whether to go on is told so") {
  RunningInput running(events());
  HttpClient client(running.address());
  const std::string expect = GENERATE("100-continue", "100-Continue");
  for (int i = 0; i < 2; ++i) {
    client.socket.send("POST /events/ HTTP/1.1\r\nExpect: " + expect +
                       "\r\nContent-Length: 12\r\n\r\n");
    CHECK(client.reply().status == 100);
    CHECK(client.ask("{\"what\":\"a\"}").status == 200);
  }
}

TEST_CASE("HTTP/1.0 knows no answer before the answer") {
  RunningInput running(events());
  HttpClient client(running.address());
  const HttpReply reply =
      client.ask(http_post(event("a"), "Expect: 100-continue\r\n", "POST /events/ HTTP/1.0"));
  CHECK(reply.status == 200);
  CHECK(client.ends());
}

TEST_CASE("a connection is kept unless its client says otherwise") {
  RunningInput running(events());
  HttpClient client(running.address());
  CHECK(client.ask(http_post(event("a"))).status == 200);
  SECTION("HTTP/1.1 says so by a field") {
    const HttpReply reply = client.ask(http_post(event("a"), "Connection: close\r\n"));
    CHECK(reply.status == 200);
    CHECK(reply.has("Connection: close"));
    CHECK(client.ends());
  }
  SECTION("HTTP/1.0 by its number") {
    CHECK(client.ask(http_post(event("a"), "", "POST /events/ HTTP/1.0")).status == 200);
    CHECK(client.ends());
  }
  SECTION("which a field can take back, and has to be told that it did") {
    const std::string request =
        http_post(event("a"), "Connection: keep-alive\r\n", "POST /events/ HTTP/1.0");
    CHECK(client.ask(request).has("Connection: keep-alive"));
    CHECK(client.ask(request).status == 200);
  }
  // What follows such a request is not looked at.
  SECTION("and what was sent behind it is not taken") {
    client.socket.send(http_post(event("b"), "Connection: close\r\n") + http_post(event("c")));
    CHECK(client.reply().status == 200);
    CHECK(client.ends());
    CHECK(running.sink.text() == line("a") + line("b"));
  }
}

TEST_CASE("a connection beyond max_connections is closed and counted") {
  RunningInput running(events({.max_connections = 1}));
  HttpClient first(running.address());
  CHECK(first.ask(http_post(event("a"))).status == 200);
  CHECK(running.input().stats().connections == 1);
  {
    HttpClient second(running.address());
    CHECK(second.ends());
  }
  CHECK(running.input().stats().connections_refused == 1);
  CHECK(first.ask(http_post(event("b"))).status == 200);
  first.socket.reset();
  REQUIRE(eventually([&] { return running.input().stats().connections == 0; }));
  HttpClient third(running.address());
  CHECK(third.ask(http_post(event("c"))).status == 200);
}

TEST_CASE("a Unix socket takes events, too") {
  const TempDir folder;
  RunningInput running(events({.listen = {"unix://" + folder / "socket"}}));
  HttpClient client(running.address());
  CHECK(client.ask(http_post(event("a"))).status == 200);
  CHECK(running.sink.text() == line("a"));
}

}  // namespace
}  // namespace carbon_spool
