#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/input/input.h"

#include "eventually.h"
#include "recording_sink.h"
#include "set_clock.h"
#include "socket_client.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

Address address(const std::string& text) {
  return parse_address(text).value();
}

/// A StatsD input on real sockets, whose clock stands still: it flushes when it is stopped.
class RunningStatsd {
 public:
  explicit RunningStatsd(const std::vector<std::string>& listen, StatsdInputOptions options = {})
      : threads_(1) {
    InputOptions input;
    input.name = "statsd";
    input.type = InputType::Statsd;
    for (const std::string& each : listen) input.listen.push_back(address(each));
    input.statsd = std::move(options);
    auto started = Input::start(input, ProducerId{7}, sink, threads_, {}, clock_);
    INFO((started ? "" : started.error().message));
    REQUIRE(started);
    input_ = std::move(started).value();
  }

  ~RunningStatsd() {
    if (input_) input_->stop();
    sink.stop();
    input_.reset();
  }

  [[nodiscard]] SocketClient client(std::size_t index = 0) const {
    return SocketClient(input_->listening().at(index));
  }
  [[nodiscard]] Address listening(std::size_t index = 0) const {
    return input_->listening().at(index);
  }

  /// Returns once all that was sent before through that socket was taken in: something bad that is
  /// sent after it has been refused. `bad_before`: so many bad values were among it.
  void settle(SocketClient& client, std::uint64_t bad_before = 0) {
    bad_ += bad_before + 1;
    client.send("bad\n");
    REQUIRE(eventually([&] { return refused(Refusal::BadLine) == bad_; }));
  }

  [[nodiscard]] std::uint64_t refused(Refusal reason) const {
    return input_->stats().refused[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] InputStats stats() const { return input_->stats(); }

  /// Stops it; the value that a name was flushed with.
  std::string flushed(const std::string& name) {
    input_->stop();
    const std::string text = "\n" + sink.text();
    const std::size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find(' ', begin) - begin);
  }

  RecordingSink sink;

 private:
  std::uint64_t bad_ = 0;
  SetClock clock_{1700000003};
  IngestThreads threads_;
  std::unique_ptr<Input> input_;
};

TEST_CASE("packets come as datagrams and over streams, and are flushed at the stop", "[statsd]") {
  TempDir dir;
  RunningStatsd statsd({"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "unixgram://" + dir.path() + "/d",
                        "unix://" + dir.path() + "/s"});
  for (std::size_t index = 0; index < 4; ++index) {
    SocketClient client = statsd.client(index);
    client.send("a:1|c\na:2|c\n");
    statsd.settle(client);
  }
  CHECK(statsd.flushed("stats_counts.a") == "12");
  CHECK(statsd.flushed("stats_counts.statsd.metrics_received") == "12");
}

TEST_CASE("a line that comes in pieces over TCP is one, and the last without its end is none",
          "[statsd]") {
  // What a real StatsD did with the same writes: tests/statsd/captures/statsd-tcp-fragments.txt
  RunningStatsd statsd({"tcp://127.0.0.1:0"});
  SocketClient client = statsd.client();
  client.send("tc:1|c\ntc:2|");
  client.send("c\ntd:1|c");
  client.send("\nlast.no.newline:1|c");
  client.half_close();
  CHECK(client.wait_for_end() == SocketClient::End::Orderly);
  CHECK(statsd.refused(Refusal::Unterminated) == 1);
  CHECK(statsd.flushed("stats_counts.tc") == "3");
  CHECK(statsd.flushed("stats_counts.td") == "1");
  CHECK(statsd.flushed("stats_counts.last.no.newline").empty());
}

TEST_CASE("a line without end over TCP is refused, counted, and what comes after it is taken",
          "[statsd]") {
  RunningStatsd statsd({"tcp://127.0.0.1:0"});
  SocketClient client = statsd.client();
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) client.send(piece);
  client.send("\na:1|c\n");
  statsd.settle(client);
  CHECK(statsd.refused(Refusal::LineTooLong) == 1);
  CHECK(statsd.flushed("stats_counts.a") == "1");
}

TEST_CASE("what is refused of packets is counted by its reason", "[statsd]") {
  StatsdInputOptions options;
  options.statsd.max_names = 4;  // three are StatsD's own
  RunningStatsd statsd({"udp://127.0.0.1:0"}, options);
  SocketClient client = statsd.client();
  client.send("a:1|c\nb:1|c\nb:2|c\na:x|c\nnocolon");
  statsd.settle(client, 2);
  CHECK(statsd.refused(Refusal::TooManyNames) == 2);
  CHECK(statsd.flushed("stats_counts.a") == "1");
}

TEST_CASE("the console answers one line after the other, and closes after quit", "[statsd]") {
  TempDir dir;
  StatsdInputOptions options;
  options.console = address("unix://" + dir.path() + "/console");
  RunningStatsd statsd({"udp://127.0.0.1:0"}, options);
  SocketClient packets = statsd.client();
  packets.send("t1:5|ms\nt1:6|ms\ng1:7|g");
  statsd.settle(packets);
  SocketClient console(*options.console);
  console.send("timers\nhealth\nde");
  console.send("lgauges g*\r\nsets\nnonsense\nquit\n");
  std::string replies;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::recv(console.fd(), bytes, sizeof bytes, 0)) > 0;) {
    replies.append(bytes, static_cast<std::size_t>(got));
  }
  CHECK(replies ==
        "{ t1: [ 5, 6 ] }\nEND\n\nhealth: up\nmetric g* not found\nEND\n\n{}\nEND\n\nERROR\n");
}

TEST_CASE(
    "a command without end ends its connection, and a client that stays silent shuts nobody out",
    "[statsd]") {
  TempDir dir;
  StatsdInputOptions options;
  options.console = address("unix://" + dir.path() + "/console");
  RunningStatsd statsd({"udp://127.0.0.1:0"}, options);
  SocketClient endless(*options.console);
  const std::string piece(100'000, 'x');
  static_cast<void>(endless.send_some(piece));
  CHECK(endless.wait_for_end() != SocketClient::End::None);
  std::vector<SocketClient> silent;
  for (int i = 0; i < 40; ++i) silent.emplace_back(*options.console);
  SocketClient last(*options.console);
  last.send("health\n");
  char bytes[32];
  const ssize_t got = ::recv(last.fd(), bytes, sizeof bytes, 0);
  REQUIRE(got > 0);
  CHECK(std::string(bytes, static_cast<std::size_t>(got)) == "health: up\n");
}

TEST_CASE("every packet goes on as it came", "[statsd]") {
  StatsdInputOptions options;
  options.statsd.max_names = 3 + 3;  // StatsD's own, `a`, `many` and `is_there`
  RunningStatsd next({"udp://127.0.0.1:0"}, options);
  options.forward_to = {next.listening()};
  RunningStatsd statsd({"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}, options);
  SocketClient datagrams = statsd.client(0);
  // The thread that looks names up may not have come to it yet.
  std::uint64_t bad = 0;
  REQUIRE(eventually([&] {
    datagrams.send("is_there:x|c");
    ++bad;
    return next.refused(Refusal::BadLine) > 0;
  }));
  datagrams.send("a:1|c\na:2|c");
  // Of two sockets either may be read first.
  statsd.settle(datagrams, bad);
  SocketClient stream = statsd.client(1);
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "many:1|c\n";
  stream.send(many + "too.many:1|g\ntoo:1|g\nthree:1|g\nfour:1|g\nfive:1|g\nsix:1|g\nseven:1|g\n");
  REQUIRE(eventually([&] { return next.refused(Refusal::TooManyNames) == 1; }));
  CHECK(statsd.flushed("stats_counts.many") == "10000");
  CHECK(next.flushed("stats_counts.many") == "10000");
  CHECK(next.flushed("stats_counts.a") == "3");
}

TEST_CASE("packets that nobody takes at their target are counted, and taken here", "[statsd]") {
  TempDir dir;
  StatsdInputOptions options;
  options.forward_to = {address("unixgram://" + dir.path() + "/nobody")};
  RunningStatsd statsd({"udp://127.0.0.1:0"}, options);
  SocketClient client = statsd.client();
  REQUIRE(eventually([&] {
    client.send("a:1|g");
    return statsd.stats().packets_unforwarded > 0;
  }));
  CHECK(statsd.flushed("stats.gauges.a") == "1");
}

TEST_CASE("a flush that the queue does not take does not hold up the intake", "[statsd]") {
  RunningStatsd statsd({"udp://127.0.0.1:0"});
  SocketClient client = statsd.client();
  statsd.sink.hold();
  client.send("a:1|c");
  statsd.settle(client);
  CHECK(statsd.flushed("stats_counts.a").empty());
  CHECK(statsd.stats().points_dropped > 10);
}

TEST_CASE("an address for the console that cannot be had keeps the input from starting",
          "[statsd]") {
  TempDir dir;
  StatsdInputOptions options;
  options.console = address("unix://" + dir.path() + "/console");
  RunningStatsd first({"udp://127.0.0.1:0"}, options);
  RecordingSink sink;
  IngestThreads threads(1);
  InputOptions input;
  input.name = "second";
  input.type = InputType::Statsd;
  input.listen = {address("udp://127.0.0.1:0")};
  input.statsd = options;
  const auto second = Input::start(input, ProducerId{8}, sink, threads);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.starts_with("input second: console: listen on unix://"));
  CHECK(sink.points() == 0);
}

}  // namespace
}  // namespace carbon_spool
