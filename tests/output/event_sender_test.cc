#include "carbon_spool/output/event_sender.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "event_delivery.h"
#include "fake_reader.h"
#include "scripted_peer.h"

namespace carbon_spool {
namespace {

/// What the server does with one POST.
struct Act {
  int status = 200;     ///< 0: the connection ends without an answer
  bool stores = false;  ///< the event, whatever it answers
  std::string headers = {};
};

/// A graphite-web that does as it is told, then stores everything.
class FakeWeb {
 public:
  explicit FakeWeb(std::deque<Act> acts, bool has_get_data = true)
      : acts_(std::move(acts)),
        has_get_data_(has_get_data),
        peer_(Address::Transport::Tcp, [this](ScriptedPeer::Visit& visit) { serve(visit); }) {
    peer_.listen();
  }

  [[nodiscard]] EventSenderOptions options() const {
    EventSenderOptions options;
    options.name = "web";
    options.address.server = peer_.address();
    options.backoff_max = Milliseconds(20);
    options.settle = Milliseconds(1);
    return options;
  }
  [[nodiscard]] std::vector<std::string> stored() const {
    return peer_.ask([this] { return stored_; });
  }
  [[nodiscard]] int posts() const {
    return peer_.ask([this] { return posts_; });
  }
  [[nodiscard]] int looks() const {
    return peer_.ask([this] { return looks_; });
  }
  /// From now on it answers 500 to these.
  void fail_on(const std::vector<std::string>& events) {
    peer_.tell([&] { failing_ = events; });
  }
  [[nodiscard]] int failures() const {
    return peer_.ask([this] { return failures_; });
  }
  void store(const std::string& event) {
    peer_.tell([&] { stored_.push_back(event); });
  }

 private:
  void serve(ScriptedPeer::Visit& visit) {
    std::size_t at = 0;
    while (true) {
      std::size_t end = std::string::npos;
      while ((end = visit.text().find("\r\n\r\n", at)) == std::string::npos) {
        if (!visit.read()) return visit.end();
      }
      const std::string head = visit.text().substr(at, end - at);
      at = end + 4;
      if (head.starts_with("GET ")) {
        if (!visit.send(look())) return;
        continue;
      }
      const std::size_t length = head.find("Content-Length: ");
      const auto bytes = static_cast<std::size_t>(std::stoi(head.substr(length + 16)));
      if (!visit.read_up_to(at + bytes)) return visit.end();
      const Act act = post(visit.text().substr(at, bytes));
      at += bytes;
      if (act.status == 0) return visit.end();
      if (!visit.send("HTTP/1.1 " + std::to_string(act.status) + " As Told\r\n" + act.headers +
                      "Content-Length: 0\r\n\r\n")) {
        return;
      }
    }
  }

  std::string look() {
    std::string events;
    peer_.tell([&] {
      ++looks_;
      for (const std::string& each : stored_) events += (events.empty() ? "" : ",") + each;
    });
    if (!has_get_data_) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    events = "[" + events + "]";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(events.size()) + "\r\n\r\n" +
           events;
  }

  Act post(const std::string& event) {
    Act act{200, true};
    peer_.tell([&] {
      ++posts_;
      if (std::ranges::find(failing_, event) != failing_.end()) {
        ++failures_;
        act = {500, false};
      } else if (!acts_.empty()) {
        act = acts_.front();
        acts_.pop_front();
      }
      if (act.stores) stored_.push_back(event);
    });
    return act;
  }

  std::deque<Act> acts_;
  const bool has_get_data_;
  std::vector<std::string> stored_;
  std::vector<std::string> failing_;
  int failures_ = 0;
  int posts_ = 0;
  int looks_ = 0;
  ScriptedPeer peer_;
};

std::string event(const std::string& what) {
  return R"({"what":")" + what + R"(","data":"","when":1700000000})";
}

/// Events that came after the sender began: nobody can have sent them before.
void run(FakeWeb& web, FakeReader& reader, const std::vector<std::string>& events) {
  const auto sender = EventSender::start(web.options(), reader);
  for (const std::string& each : events) reader.add_text(1, event(each) + "\n");
  REQUIRE(reader.wait_until_all_acknowledged());
}

TEST_CASE("events are stored in order, without a look", "[events]") {
  FakeWeb web({});
  FakeReader reader;
  run(web, reader, {"a", "b", "c"});
  CHECK(web.stored() == std::vector{event("a"), event("b"), event("c")});
  CHECK(web.looks() == 0);
  CHECK(reader.seen().set_aside.empty());
}

TEST_CASE("an answer says what becomes of an event", "[events]") {
  for (const unsigned status : {200u, 201u, 204u}) CHECK(verdict_of(status) == Verdict::Stored);
  for (const unsigned status : {400u, 401u, 403u, 404u, 405u, 413u, 422u}) {
    CHECK(verdict_of(status) == Verdict::Refused);
  }
  for (const unsigned status : {301u, 302u, 408u, 425u, 429u, 500u, 502u, 503u, 504u}) {
    CHECK(verdict_of(status) == Verdict::Later);
  }
}

TEST_CASE("a refused event is set aside, sent once, and holds up nobody", "[events]") {
  FakeWeb web({{400, false}, {200, true}});
  FakeReader reader;
  run(web, reader, {"bad", "good"});
  CHECK(web.stored() == std::vector{event("good")});
  CHECK(web.posts() == 2);
  CHECK(reader.seen().set_aside == std::vector{event("bad") + "\n"});
}

TEST_CASE("what is answered with 5xx, or not at all, is stored once", "[events]") {
  const int status = GENERATE(0, 408, 425, 429, 500, 502, 503, 504);
  const bool stores = GENERATE(false, true);
  CAPTURE(status, stores);
  FakeWeb web({{status, stores}});
  FakeReader reader;
  run(web, reader, {"a", "b"});
  CHECK(web.stored() == std::vector{event("a"), event("b")});
  CHECK(web.posts() == (stores ? 2 : 3));
  CHECK(web.looks() == 1);
}

TEST_CASE("events that the server fails on hold up nobody, and are set aside in the end",
          "[events]") {
  const std::vector<std::string> bad{event("bad"), event("worse")};
  FakeWeb web({});
  web.fail_on(bad);
  EventSenderOptions options = web.options();
  options.patience = Milliseconds(0);
  FakeReader reader;
  const auto sender = EventSender::start(options, reader);
  for (const std::string& each : bad) reader.add_text(1, each + "\n");
  std::vector<std::string> others;
  while (reader.seen().set_aside.size() < bad.size()) {
    REQUIRE(others.size() < 100);
    const int failures = web.failures();
    others.push_back(event(std::to_string(others.size())));
    reader.add_text(1, others.back() + "\n");
    REQUIRE(
        reader.wait([&](const auto& seen) { return seen.acknowledged_batches >= others.size(); }));
    while (web.failures() == failures && reader.seen().set_aside.size() < bad.size()) {
      std::this_thread::yield();
    }
  }
  CHECK(others.size() >= 10 * bad.size());
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(web.stored() == others);
  CHECK(reader.seen().set_aside == std::vector{bad.at(0) + "\n", bad.at(1) + "\n"});
}

TEST_CASE("while the server fails on every event, none is at fault", "[events]") {
  FakeWeb web(std::deque<Act>(60, Act{500, false}));
  EventSenderOptions options = web.options();
  options.patience = Milliseconds(0);
  FakeReader reader;
  for (const char* each : {"a", "b", "c"}) reader.add_text(1, event(each) + "\n");
  const auto sender = EventSender::start(options, reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(reader.seen().set_aside.empty());
  std::vector<std::string> stored = web.stored();
  std::ranges::sort(stored);
  CHECK(stored == std::vector{event("a"), event("b"), event("c")});
}

TEST_CASE("an event that comes to nothing among others is at fault after a while", "[events]") {
  EventAtFault fault(Milliseconds(1000));
  const Moment begin{};
  for (int i = 0; i < 20; ++i) {
    fault.not_there(begin);
    CHECK(fault.makes_way() == (i >= 2));
    fault.stored_another();
  }
  CHECK_FALSE(fault.is_certain(begin + Milliseconds(999)));
  CHECK(fault.is_certain(begin + Milliseconds(1000)));
}

TEST_CASE("an event that is equal to one before it is not taken for it", "[events]") {
  FakeWeb web({{200, true}, {0, false}});
  FakeReader reader;
  run(web, reader, {"a", "a"});
  CHECK(web.stored() == std::vector{event("a"), event("a")});
}

TEST_CASE("what waited when the sender began is looked for first", "[events]") {
  FakeWeb web({});
  FakeReader reader;
  reader.add_text(1, event("sent") + "\n");
  reader.add_text(1, event("unsent") + "\n");
  reader.begin_live();
  web.store(event("sent"));
  const auto sender = EventSender::start(web.options(), reader);
  REQUIRE(reader.wait_until_all_acknowledged());
  CHECK(web.stored() == std::vector{event("sent"), event("unsent")});
}

TEST_CASE("a server that does not tell what it has is told again", "[events]") {
  FakeWeb web({{0, true}}, false);
  FakeReader reader;
  run(web, reader, {"a"});
  CHECK(web.stored() == std::vector{event("a"), event("a")});
}

TEST_CASE("Retry-After is followed", "[events]") {
  FakeWeb web({{503, false, "Retry-After: 200\r\n"}});
  FakeReader reader;
  const auto sender = EventSender::start(web.options(), reader);
  reader.add_text(1, event("a") + "\n");
  REQUIRE(reader.wait([](const auto& seen) { return seen.taken == 1; }));
  while (web.posts() == 0) std::this_thread::yield();
  sender->drain(Milliseconds(50), Drain::UnderWay);
  sender->finished();
  CHECK(web.posts() == 1);
  CHECK(reader.seen().put_backs == 1);
}

TEST_CASE("a drain puts back what has no answer in time", "[events]") {
  ScriptedPeer silent(Address::Transport::Tcp, [](ScriptedPeer::Visit& visit) {
    while (visit.read()) {
    }
  });
  silent.listen();
  EventSenderOptions options;
  options.name = "web";
  options.address.server = silent.address();
  FakeReader reader;
  const auto sender = EventSender::start(options, reader);
  reader.add_text(1, event("a") + "\n");
  REQUIRE(reader.wait([](const auto& seen) { return seen.taken == 1; }));
  sender->drain(Milliseconds(20), Drain::All);
  sender->finished();
  CHECK(reader.seen().put_backs == 1);
  CHECK_FALSE(reader.seen().any_unconfirmed);
}

TEST_CASE("addresses of graphite-web are read", "[events]") {
  CHECK(to_string(parse_web_address("http://a.b").value()) == "http://a.b:80");
  CHECK(to_string(parse_web_address("http://a.b:8080/g/").value()) == "http://a.b:8080/g");
  CHECK(to_string(parse_web_address("http://[::1]:8080").value()) == "http://[::1]:8080");
  for (const char* bad : {"", "a.b", "tcp://a.b:80", "https://a.b", "http://", "http://a.b:0",
                          "http://u:p@a.b", "http://a.b/x y", "http://a.b/?q"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_web_address(bad));
  }
}

}  // namespace
}  // namespace carbon_spool
