#include "carbon_spool/statsd/statsd_aggregator.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "interval_lines.h"

namespace carbon_spool {
namespace {

using Lines = std::vector<std::string>;

StatsdOptions gauges_and_sets_only() {
  StatsdOptions options;
  options.calculated_timer_metrics = {"count"};
  options.flush_counts = false;
  return options;
}

TEST_CASE("idle names stay, with zeros, unless they are to be deleted", "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  FlushedStatsd kept(options);
  options.delete_counters = options.delete_timers = options.delete_sets = options.delete_gauges =
      true;
  options.gauges_max_ttl = 2;
  FlushedStatsd deleted(options);
  for (FlushedStatsd* each : {&kept, &deleted}) {
    each->take("c:10|c\nt:5|ms\ng:7|g\ns:a|s");
    CHECK(each->flush() ==
          Lines{"stats.c 1", "stats.timers.t.count 1", "stats.gauges.g 7", "stats.sets.s.count 1"});
  }
  CHECK(kept.flush() ==
        Lines{"stats.c 0", "stats.timers.t.count 0", "stats.gauges.g 7", "stats.sets.s.count 0"});
  CHECK(deleted.flush() == Lines{"stats.gauges.g 7"});
  CHECK(deleted.flush() == Lines{});
  CHECK(deleted.aggregator.counts().counters == 3);  // its own
}

TEST_CASE("a name that was deleted and comes again begins anew", "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  options.delete_counters = options.delete_timers = options.delete_sets = options.delete_gauges =
      true;
  FlushedStatsd statsd(options);
  for (int round = 0; round < 5; ++round) {
    for (int name = 0; name < 300; ++name) {
      const std::string number = std::to_string(name);
      statsd.take("c" + number + ":10|c\nt" + number + ":5|ms\ng" + number + ":-1|g\ns" + number +
                  ":a|s");
    }
    const Lines lines = statsd.flush();
    REQUIRE(lines.size() == 1200);
    CHECK(lines[299] == "stats.c299 1");
    CHECK(lines[300] == "stats.timers.t0.count 1");
    CHECK(lines[600] == "stats.gauges.g0 -1");
    CHECK(lines[1199] == "stats.sets.s299.count 1");
  }
}

TEST_CASE("minus sets a gauge where that is asked for", "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  FlushedStatsd subtracts(options);
  options.gauge_minus = GaugeMinus::Set;
  FlushedStatsd sets(options);
  for (FlushedStatsd* each : {&subtracts, &sets}) each->take("g:10|g\ng:-4|g\ng:+1|g");
  CHECK(subtracts.flush() == Lines{"stats.gauges.g 7"});
  CHECK(sets.flush() == Lines{"stats.gauges.g -3"});
}

TEST_CASE("new names beyond the limit are refused and counted, known ones go on", "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  options.max_names = 5;  // StatsD's own three counters are among them
  FlushedStatsd statsd(options);
  for (int name = 0; name < 9; ++name) {
    for (const char* type : {"|c", "|ms", "|g", "|s"}) {
      statsd.take("n" + std::to_string(name) + ":1" + type);
    }
  }
  statsd.take("n0:9|c\nn4:5|ms");
  const StatsdCounts counts = statsd.aggregator.counts();
  CHECK(counts.names_refused == 7 + 4 + 4 + 4);
  CHECK(counts.values_refused == 0);
  CHECK(counts.counters == 5);
  CHECK(counts.timers == 5);
  CHECK(counts.gauges == 5);
  CHECK(counts.sets == 5);
  const Lines lines = statsd.flush();
  CHECK(lines[0] == "stats.n0 1");
  CHECK(std::ranges::count(lines, "stats.timers.n4.count 2") == 1);
}

TEST_CASE("memory is bounded, and an interval that is closed makes room", "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  options.max_memory = 100'000;
  FlushedStatsd statsd(options);
  for (int round = 0; round < 3; ++round) {
    const std::uint64_t before = statsd.aggregator.counts().values_refused;
    for (int value = 0; value < 20'000; ++value) {
      statsd.take("t:" + std::to_string(value) + "|ms\ns:" + std::to_string(value) + "|s");
    }
    CHECK(statsd.aggregator.counts().values_refused - before > 30'000);
    const Lines lines = statsd.flush();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] > "stats.timers.t.count 1");
    CHECK(lines[1] != "stats.sets.s.count 0");
  }
  std::string too_long(200'000, 'n');
  too_long += ":1|c";
  statsd.take(too_long);
  CHECK(statsd.aggregator.counts().counters == 3);
}

TEST_CASE("names without end that are deleted at every flush take no more memory each time",
          "[statsd]") {
  StatsdOptions options = gauges_and_sets_only();
  options.delete_counters = true;
  options.max_memory = 100'000;
  FlushedStatsd statsd(options);
  for (int round = 0; round < 20; ++round) {
    for (int name = 0; name < 150; ++name) {
      statsd.take("n" + std::to_string(round) + "." + std::to_string(name) + ":1|c");
    }
    CHECK(statsd.flush().size() == 150);
  }
  CHECK(statsd.aggregator.counts().values_refused == 0);
}

TEST_CASE("what comes is counted, and what is refused of it is told", "[statsd]") {
  FlushedStatsd statsd({});
  CHECK_FALSE(statsd.aggregator.take("").any());
  CHECK(statsd.aggregator.take("a:1|c\nb:x|c").sample == "b:x|c");
  CHECK(statsd.aggregator.take("c:1|c:y|c:z|c\n").bad_lines == 2);
  const StatsdCounts counts = statsd.aggregator.counts();
  CHECK(counts.packets == 3);
  CHECK(counts.lines == 3);
  CHECK(counts.bad_lines == 3);
  CHECK(counts.last_packet_at == 1700000000);
}

TEST_CASE("an interval that was saved goes on elsewhere", "[statsd]") {
  StatsdOptions options;
  options.calculated_timer_metrics = {"count", "sum"};
  FlushedStatsd first(options);
  FlushedStatsd whole(options);
  const std::string early =
      "c:1.5|c|@0.1\nt:1|ms|@0.5\nt:2|ms\ng:-7|g\ns:a b\ns:a b|s\ns:\xff\\|s\nc:1|c|#k:v\n:1|c";
  const std::string late = "c:2|c\nt:3|ms\ng:+1|g\ns:a b|s\ns:new|s";
  first.take(early);
  whole.take(early);
  const std::optional<std::string> saved = first.aggregator.save(1 << 20);
  REQUIRE(saved);
  FlushedStatsd second(options);
  CHECK(second.aggregator.restore(*saved));
  second.take(late);
  whole.take(late);
  const Lines lines = whole.flush();
  CHECK(lines.size() > 8);
  CHECK(second.flush() == lines);
}

TEST_CASE("of an interval that is over only its gauges are restored", "[statsd]") {
  FlushedStatsd first({});
  first.take("c:1|c\nt:1|ms\ng:-7|g\ns:a|s");
  FlushedStatsd second({});
  CHECK(second.aggregator.restore(first.aggregator.save(1 << 20).value(), true));
  CHECK(second.flush() == Lines{"stats.gauges.g -7"});
}

TEST_CASE("an interval too long to be saved is not, and a damaged one is no trouble", "[statsd]") {
  FlushedStatsd statsd({});
  for (int name = 0; name < 100; ++name) statsd.take("n" + std::to_string(name) + ":1|c\nt:1|ms");
  CHECK_FALSE(statsd.aggregator.save(500));
  const std::string saved = statsd.aggregator.save(1 << 20).value();
  for (std::size_t length = 0; length < saved.size(); length += 7) {
    FlushedStatsd other({});
    static_cast<void>(other.aggregator.restore(std::string_view(saved).substr(0, length)));
    std::string damaged = saved;
    damaged[length] = '9';
    static_cast<void>(other.aggregator.restore(damaged));
  }
  FlushedStatsd other({});
  CHECK_FALSE(other.aggregator.restore("statsd 1\nc 99999999999 x"));
  CHECK_FALSE(other.aggregator.restore("something else"));
}

TEST_CASE("members of sets are told apart by their bytes", "[statsd]") {
  // StatsD makes the same replacement character of each of these.
  FlushedStatsd statsd(gauges_and_sets_only());
  statsd.take("s:\xff|s\ns:\xfe|s\ns:\xff|s");
  CHECK(statsd.flush() == Lines{"stats.sets.s.count 2"});
}

TEST_CASE("names that every object of JavaScript has are names like others", "[statsd]") {
  FlushedStatsd statsd(gauges_and_sets_only());
  statsd.take("constructor:10|c\n__proto__:5|g\ns:__proto__|s");
  CHECK(statsd.flush() ==
        Lines{"stats.constructor 1", "stats.gauges.__proto__ 5", "stats.sets.s.count 1"});
}

}  // namespace
}  // namespace carbon_spool
