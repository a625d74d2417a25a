#include "liveness.h"

#include <catch2/catch.hpp>

using namespace carbon_spool;
using Verdict = Liveness::Verdict;

namespace {

const Moment kStart = Moment{} + std::chrono::hours(1);

PeerSample sample(int seconds, std::uint64_t written, std::uint64_t queued) {
  PeerSample sample;
  sample.at = kStart + Seconds(seconds);
  sample.written = written;
  sample.queued = queued;
  return sample;
}

PeerSample tcp(PeerSample sample, const PeerSample::Tcp& seen) {
  sample.tcp = seen;
  return sample;
}

}  // namespace

TEST_CASE("a peer that takes some bytes now and then is fine, however slow", "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t queued = 100'000 - static_cast<std::uint64_t>(i);
    CHECK(liveness.look(sample(4 * i, 200'000, queued)) == Verdict::Fine);
  }
}

TEST_CASE("a peer that takes nothing is stalled after 5 s, and cut after stall_timeout",
          "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  CHECK(liveness.look(sample(0, 1000, 500)) == Verdict::Fine);
  CHECK(liveness.look(sample(4, 1000, 500)) == Verdict::Fine);
  CHECK(liveness.look(sample(5, 1000, 500)) == Verdict::Stalled);
  CHECK(liveness.look(sample(599, 1000, 500)) == Verdict::Stalled);
  SECTION("progress ends it") {
    CHECK(liveness.look(sample(600, 1000, 499)) == Verdict::Fine);
  }
  SECTION("what we write is not progress") {
    CHECK(liveness.look(sample(599, 2000, 1500)) == Verdict::Stalled);
    CHECK(liveness.look(sample(600, 3000, 2500)) == Verdict::Cut);
  }
}

TEST_CASE("the time without progress begins when there is something to take", "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  CHECK(liveness.look(sample(1, 1000, 0)) == Verdict::Fine);
  CHECK(liveness.look(sample(5000, 2000, 1000)) == Verdict::Fine);
  CHECK(liveness.last_progress() == kStart + Seconds(5000));
}

TEST_CASE("a peer that acknowledges nothing for 20 s is gone", "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  const auto silent = [](int seconds) {
    return tcp(sample(seconds, 1000, 500), {true, 5, 0, Milliseconds(1000 * seconds)});
  };
  CHECK(liveness.look(silent(0)) == Verdict::Fine);
  CHECK(liveness.look(silent(19)) == Verdict::Stalled);
  CHECK(liveness.look(silent(20)) == Verdict::Gone);
}

TEST_CASE(
    "a peer whose last acknowledgement is long ago, since there was nothing to acknowledge, is "
    "fine",
    "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  CHECK(liveness.look(tcp(sample(3600, 1000, 500), {true, 1, 0, std::chrono::hours(1)})) ==
        Verdict::Fine);
}

TEST_CASE("a closed window is a stall while probes are answered, and a death when they are not",
          "[output]") {
  Liveness liveness(std::chrono::minutes(10), kStart);
  const auto closed = [](int seconds, unsigned unanswered) {
    return tcp(sample(seconds, 1000, 500), {false, 0, unanswered, Milliseconds(1000)});
  };
  CHECK(liveness.look(closed(0, 0)) == Verdict::Fine);
  CHECK(liveness.look(closed(300, 1)) == Verdict::Stalled);
  CHECK(liveness.look(closed(330, 6)) == Verdict::Stalled);
  CHECK(liveness.look(closed(360, 7)) == Verdict::Gone);
}
