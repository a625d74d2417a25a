#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/pickle_frames.h"

#include "eventually.h"
#include "running_input.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using namespace std::string_literals;
using End = SocketClient::End;

std::string header(std::size_t pickle_bytes) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(pickle_bytes >> shift & 0xff);
  }
  return bytes;
}

std::string frame(const std::string& pickle) {
  return header(pickle.size()) + pickle;
}

/// A frame of one point with value 1 at 1700000000.
std::string frame_of(const std::string& path) {
  return frame("(l(S'" + path + "'\n(I1700000000\nI1\ntta.");
}

std::string line_of(const std::string& path) {
  return path + " 1 1700000000\n";
}

RunningInputOptions pickles() {
  return {.type = InputType::Pickle};
}

TEST_CASE("a frame may be split between two reads at any byte") {
  RunningInput running(pickles());
  SocketClient probe = running.client();
  SocketClient client = running.client();
  const std::string frames = frame_of("a") + frame_of("longer.path") + frame_of("c");
  std::string expected;
  for (std::size_t split = 1; split < frames.size(); ++split) {
    client.send(frames.substr(0, split));
    running.settle(probe, frame_of("probe"));
    client.send(frames.substr(split));
    running.settle(probe, frame_of("probe"));
    expected += line_of("a") + line_of("longer.path") + line_of("c");
    std::string text = running.sink.text();
    for (std::size_t at = 0; (at = text.find(line_of("probe"))) != std::string::npos;) {
      text.erase(at, line_of("probe").size());
    }
    REQUIRE(text == expected);
  }
}

TEST_CASE("a client may send its frames one byte at a time") {
  RunningInput running(pickles());
  SocketClient probe = running.client();
  SocketClient client = running.client();
  for (const char byte : frame_of("a") + frame_of("b")) {
    client.send({&byte, 1});
    running.settle(probe, frame_of("probe"));
  }
  const std::string text = running.sink.text();
  CHECK(text.find(line_of("a")) != std::string::npos);
  CHECK(text.find(line_of("b")) != std::string::npos);
}

TEST_CASE("frames larger than what is read at a time go through, in full batches") {
  RunningInput running(pickles());
  std::string pickle = "(l";
  std::string expected;
  for (int i = 0; pickle.size() < kMaxFrameBytes - 100; ++i) {
    const std::string path = "large." + std::to_string(i);
    pickle += "(S'" + path + "'\n(I1700000000\nI1\ntta";
    expected += line_of(path);
  }
  SocketClient client = running.client();
  client.send(frame(pickle + ".") + frame_of("end"));
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(running.sink.text() == expected + line_of("end"));
  for (const std::size_t bytes : running.sink.batch_bytes()) CHECK(bytes <= kMaxBatchBytes);
}

TEST_CASE("a bad frame costs the frames beside it nothing") {
  RunningInput running(pickles());
  SocketClient client = running.client();
  const auto [bad, reason] = GENERATE(table<std::string, Refusal>({
      {frame(""), Refusal::BadPickle},
      {frame("nonsense"), Refusal::BadPickle},
      {frame("cos\nsystem\n(S'echo'\ntR."), Refusal::UnsafePickle},
      {frame(std::string(100, '(')), Refusal::PickleTooLarge},
      {frame("]Na."), Refusal::BadItem},
      {frame("](S'a'\nI1\nS'x'\n\x86\x86"s + "e."), Refusal::BadValue},
      {frame(std::string(kMaxFrameBytes + 1, '(')), Refusal::FrameTooLong},
      {frame(std::string(3 * kMaxFrameBytes, '(')), Refusal::FrameTooLong},
  }));
  client.send(frame_of("before") + bad + frame_of("after"));
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(running.sink.text() == line_of("before") + line_of("after"));
  CHECK(running.refused(reason) == 1);
}

TEST_CASE("a length that cannot be meant ends the connection, and what was before it is kept") {
  RunningInput running(pickles());
  SocketClient client = running.client();
  const std::string nonsense = GENERATE("\xff\xff\xff\xff"s, "plain.text 1 1700000000\n"s);
  client.send(frame_of("before") + nonsense + frame_of("after"));
  CHECK(client.wait_for_end() == End::Reset);
  CHECK(running.sink.wait_for_points(1));
  CHECK(running.sink.text() == line_of("before"));
  CHECK(running.refused(Refusal::FrameTooLong) == 1);
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

TEST_CASE("a frame that the end of its stream cuts short is refused, and counted") {
  RunningInput running(pickles());
  SocketClient client = running.client();
  const std::string whole = frame_of("cut");
  const std::size_t bytes = GENERATE_COPY(1U, 3U, 4U, 5U, whole.size() - 1);
  client.send(frame_of("before") + whole.substr(0, bytes));
  SECTION("half-closed") {
    client.half_close();
    CHECK(client.wait_for_end() == End::Orderly);
  }
  SECTION("reset") {
    REQUIRE(running.sink.wait_for_points(1));
    client.reset();
  }
  SECTION("stopped by us") {
    REQUIRE(running.sink.wait_for_points(1));
    running.input().stop();
    CHECK(client.wait_for_end() == End::Reset);
  }
  CHECK(eventually([&] { return running.refused(Refusal::Unterminated) == 1; }));
  CHECK(running.sink.text() == line_of("before"));
}

TEST_CASE("a frame that is skipped for its length is counted once, even if its stream ends in it") {
  RunningInput running(pickles());
  SocketClient client = running.client();
  client.send(header(kMaxFrameBytes + 1) + "only the front of it");
  client.half_close();
  CHECK(client.wait_for_end() == End::Orderly);
  CHECK(running.refused(Refusal::FrameTooLong) == 1);
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

TEST_CASE("a stream of frames is closed in order only once its points are durable") {
  const TempDir folder;
  RunningInput running(
      {.type = InputType::Pickle, .listen = {"tcp://127.0.0.1:0", "unix://" + folder / "socket"}});
  running.sink.withhold_answers();
  SocketClient client = running.client(GENERATE(0U, 1U));
  client.send(frame_of("a") + frame_of("b"));
  client.half_close();
  REQUIRE(running.sink.wait_until_asked());
  CHECK(running.sink.points() == 2);
  CHECK_FALSE(client.has_ended());
  running.sink.answer(true);
  CHECK(client.wait_for_end() == End::Orderly);
}

TEST_CASE("a frame that the sink stops in the middle of is confirmed to nobody") {
  RunningInput running(pickles());
  running.sink.hold();
  SocketClient client = running.client();
  client.send(frame_of("a"));
  client.half_close();
  REQUIRE(running.sink.wait_until_blocked());
  running.sink.stop();
  CHECK(client.wait_for_end() == End::Reset);
}

TEST_CASE("points of pickles without a timestamp are stamped when they arrive") {
  RunningInput running(pickles());
  running.client().send(frame("(l(S'a'\n(I-1\nI1\ntta."));
  REQUIRE(running.sink.wait_for_points(1));
  CHECK(running.sink.text().substr(0, 4) == "a 1 ");
  CHECK(running.sink.text().substr(4, 10) > "1700000000");
}

TEST_CASE("when unfinished frames take too much memory, the one that is kept longest is cut") {
  RunningInput running({.type = InputType::Pickle, .max_frame_fragment_bytes = 100'000});
  SocketClient probe = running.client();
  SocketClient first = running.client();
  SocketClient second = running.client();
  SocketClient third = running.client();
  const std::string whole = frame("(l(S'" + std::string(200, 'p') +
                                  ";a=" + std::string(30'000, ' ') + "'\n(I1700000000\nI1\ntta.");
  const std::string half = whole.substr(0, 30'000);
  const std::string rest = whole.substr(30'000);

  first.send(half);
  running.settle(probe, frame_of("probe"));
  second.send(half);
  running.settle(probe, frame_of("probe"));
  first.send(rest + half);
  running.settle(probe, frame_of("probe"));
  second.send(rest.substr(0, 100));
  running.settle(probe, frame_of("probe"));
  CHECK(running.input().stats().fragments_cut == 0);
  third.send(half);
  running.settle(probe, frame_of("probe"));
  SocketClient fourth = running.client();
  fourth.send(half);
  CHECK(second.wait_for_end() == End::Reset);
  CHECK(running.input().stats().fragments_cut == 1);
  CHECK(running.refused(Refusal::Unterminated) == 1);
}

TEST_CASE("a header alone takes no memory, whatever length it says") {
  RunningInput running({.type = InputType::Pickle, .max_frame_fragment_bytes = 1000});
  SocketClient probe = running.client();
  std::vector<SocketClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(running.client());
    clients.back().send(header(kMaxFrameBytes));
  }
  running.settle(probe, frame_of("probe"));
  CHECK(running.input().stats().fragments_cut == 0);
}

TEST_CASE("pickle does not listen for datagrams") {
  RecordingSink sink;
  IngestThreads threads(1);
  InputOptions options;
  options.type = InputType::Pickle;
  options.listen = {parse_address("udp://127.0.0.1:0").value()};
  const auto started = Input::start(options, ProducerId{}, sink, threads);
  REQUIRE_FALSE(started);
  CHECK(started.error().message ==
        "input graphite: listen on udp://127.0.0.1:0: pickle comes in streams");
}

}  // namespace
}  // namespace carbon_spool
