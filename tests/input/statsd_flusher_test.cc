#include "statsd_flusher.h"

#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/graphite_lines.h"

#include "input_state.h"
#include "recording_sink.h"
#include "set_clock.h"

namespace carbon_spool {
namespace {

constexpr UnixSeconds kStart = 1700000000;  // the end of a slot

StatsdInputOptions only_counts(bool persist = false) {
  StatsdInputOptions options;
  options.persist = persist;
  return options;
}

/// A flusher with what it works on: one process.
class Process {
 public:
  Process(RecordingSink& sink, const SetClock& clock, const StatsdInputOptions& options)
      : state_(named(), ProducerId{7}, sink, clock, {}),
        aggregator(options.statsd, clock),
        flusher(options, aggregator, state_) {
    flusher.begin();
  }

  InputState& state() { return state_; }

 private:
  static InputOptions named() {
    InputOptions options;
    options.name = "statsd";
    options.type = InputType::Statsd;
    return options;
  }

  InputState state_;

 public:
  StatsdAggregator aggregator;
  StatsdFlusher flusher;
};

/// The value and the timestamp that a name was last flushed with.
std::string last_of(const RecordingSink& sink, const std::string& name) {
  const std::string text = "\n" + sink.text();
  const std::size_t at = text.rfind("\n" + name + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST_CASE("an interval is flushed once, at the end of its slot, with that timestamp", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("a:5|c");
  CHECK(process.flusher.tick() == Seconds(1));
  clock.forward(Seconds(6));
  CHECK(process.flusher.tick() == Seconds(1));
  CHECK(sink.points() == 0);
  clock.forward(Seconds(1));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "5 1700000010");
  const std::uint64_t points = sink.points();
  static_cast<void>(process.flusher.tick());
  CHECK(sink.points() == points);
}

TEST_CASE("a flush that comes late keeps its slot's timestamp", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("a:5|c");
  clock.forward(Seconds(11));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "5 1700000010");
  clock.forward(Seconds(6));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "0 1700000020");
}

TEST_CASE("after a sleep of the machine the flush is of the last slot that ended", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("a:5|c");
  clock.forward(Seconds(3600));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "5 1700003600");
  CHECK(last_of(sink, "stats.gauges.statsd.timestamp_lag").empty());  // nothing to compare with yet
}

TEST_CASE("a clock that is set back does not stop the flushes", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("a:5|c");
  clock.forward(Seconds(-86400));
  static_cast<void>(process.flusher.tick());
  CHECK(sink.points() == 0);
  clock.forward(Seconds(10));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "5 1699913610");
}

TEST_CASE("a stop flushes, and who begins within the slot goes on with it", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  {
    Process first(sink, clock, only_counts());
    first.aggregator.take("a:5|c\nu:x|s");
    first.flusher.finish();
  }
  CHECK(last_of(sink, "stats_counts.a") == "5 1700000010");
  clock.forward(Seconds(2));
  Process second(sink, clock, only_counts());
  second.aggregator.take("a:2|c\nu:y|s");
  clock.forward(Seconds(5));
  static_cast<void>(second.flusher.tick());
  // It has the same timestamp, so it takes the place of the first one's.
  CHECK(last_of(sink, "stats_counts.a") == "7 1700000010");
  CHECK(last_of(sink, "stats.sets.u.count") == "2 1700000010");
}

TEST_CASE("who begins in a later slot begins with nothing", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  {
    Process first(sink, clock, only_counts());
    first.aggregator.take("a:5|c\ng:7|g");
    first.flusher.finish();
  }
  clock.forward(Seconds(10));
  const std::uint64_t before = sink.points();
  Process second(sink, clock, only_counts());
  CHECK(sink.points() == before);
  CHECK(second.aggregator.counts().gauges == 0);
}

TEST_CASE("with persist what a process that died had kept is flushed with its own timestamp",
          "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  const StatsdInputOptions options = only_counts(true);
  {
    Process first(sink, clock, options);
    first.aggregator.take("a:5|c\nt:1|ms\nt:3|ms\ng:7|g");
    // As the thread would a second later.
    sink.keep("statsd/statsd", "1700000010000 open\n" + first.aggregator.save(1 << 20).value());
  }
  CHECK(sink.points() == 0);
  clock.forward(Seconds(30));
  Process second(sink, clock, options);
  CHECK(last_of(sink, "stats_counts.a") == "5 1700000010");
  CHECK(last_of(sink, "stats.timers.t.sum") == "4 1700000010");
  CHECK(last_of(sink, "stats.gauges.g") == "7 1700000010");
  clock.forward(Seconds(10));
  static_cast<void>(second.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "0 1700000040");
  CHECK(last_of(sink, "stats.gauges.g") == "7 1700000040");
}

TEST_CASE("with persist gauges outlive an orderly stop as well", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  const StatsdInputOptions options = only_counts(true);
  {
    Process first(sink, clock, options);
    first.aggregator.take("a:5|c\ng:7|g");
    first.flusher.finish();
  }
  clock.forward(Seconds(30));
  Process second(sink, clock, options);
  clock.forward(Seconds(10));
  static_cast<void>(second.flusher.tick());
  CHECK(last_of(sink, "stats.gauges.g") == "7 1700000040");
  CHECK(last_of(sink, "stats_counts.a") == "5 1700000010");
}

TEST_CASE("what was kept and is damaged does not keep an input from starting", "[statsd]") {
  for (const char* text :
       {"nonsense", "1700000010000 open", "1700000010000 open\nstatsd 1\nx", "x open\n",
        "99999999999999999999 open\nstatsd 1\n", "-5000000000000000000 open\nstatsd 1\n"}) {
    RecordingSink sink;
    SetClock clock(kStart + 3);
    sink.keep("statsd/statsd", text);
    Process process(sink, clock, only_counts());
    clock.forward(Seconds(10));
    static_cast<void>(process.flusher.tick());
    CHECK(last_of(sink, "statsd.numStats") == "3 1700000010");
  }
}

TEST_CASE("points that the queue does not take are dropped and counted, and the next flush says so",
          "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("a:5|c");
  sink.hold();
  clock.forward(Seconds(10));
  static_cast<void>(process.flusher.tick());
  CHECK(sink.points() == 0);
  CHECK(process.state().points_dropped == 15);
  sink.let_go();
  clock.forward(Seconds(10));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats_counts.a") == "0 1700000020");
  CHECK(last_of(sink, "stats.statsd.graphiteStats.last_exception") == "1700000013 1700000020");
  CHECK(process.state().points_dropped == 15);
}

TEST_CASE("what no Graphite takes is refused at the flush, and counted", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  process.aggregator.take("inf:Infinity|g\nfine:1|g\n" + std::string(5000, 'n') + ":1|g\n" +
                          std::string(20000, 'n') + ":1|g");
  clock.forward(Seconds(10));
  static_cast<void>(process.flusher.tick());
  CHECK(last_of(sink, "stats.gauges.fine") == "1 1700000010");
  CHECK(sink.text().find("inf") == std::string::npos);
  CHECK(process.state().refused[static_cast<std::size_t>(Refusal::BadValue)] == 1);
  CHECK(process.state().refused[static_cast<std::size_t>(Refusal::PathTooLong)] == 1);
  CHECK(process.state().refused[static_cast<std::size_t>(Refusal::LineTooLong)] == 1);
}

TEST_CASE("a flush of many points is handed over in full batches", "[statsd]") {
  RecordingSink sink;
  SetClock clock(kStart + 3);
  Process process(sink, clock, only_counts());
  for (int name = 0; name < 5000; ++name) {
    process.aggregator.take("some.name." + std::to_string(name) + ":1|c");
  }
  clock.forward(Seconds(10));
  static_cast<void>(process.flusher.tick());
  CHECK(sink.points() == 2 * 5000 + 2 * 3 + 7);
  const std::vector<std::size_t> batches = sink.batch_bytes();
  CHECK(batches.size() < 10);
  CHECK(batches.front() > kMaxBatchBytes - kMaxLineBytes);
}

}  // namespace
}  // namespace carbon_spool
