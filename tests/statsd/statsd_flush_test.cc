#include "carbon_spool/statsd/statsd_flush.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "interval_lines.h"

namespace carbon_spool {
namespace {

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST_CASE("a threshold from the top that takes in all values is of all values", "[statsd]") {
  // Of a sum before the first value StatsD makes NaN here.
  StatsdOptions options;
  options.percent_threshold = {-90, -100};
  FlushedStatsd statsd(options);
  statsd.take("t:1|ms\nt:3|ms");
  const auto lines = statsd.flush();
  for (const std::string top : {"top90", "top100"}) {
    CHECK(has(lines, "stats.timers.t.count_" + top + " 2"));
    CHECK(has(lines, "stats.timers.t.sum_" + top + " 4"));
    CHECK(has(lines, "stats.timers.t.mean_" + top + " 2"));
    CHECK(has(lines, "stats.timers.t.sum_squares_" + top + " 10"));
    CHECK(has(lines, "stats.timers.t.lower_" + top + " 1"));
  }
}

TEST_CASE("a suffix stands before the tags, in both namespaces", "[statsd]") {
  StatsdOptions options;
  options.global_suffix = "host1";
  FlushedStatsd legacy(options);
  options.legacy_namespace = false;
  FlushedStatsd modern(options);
  for (FlushedStatsd* each : {&legacy, &modern}) each->take("c:10|c|#k:v");
  CHECK(legacy.flush() ==
        std::vector<std::string>{"stats.c.host1;k=v 1", "stats_counts.c.host1;k=v 10"});
  CHECK(modern.flush() == std::vector<std::string>{"stats.counters.c.rate.host1;k=v 1",
                                                   "stats.counters.c.count.host1;k=v 10"});
}

TEST_CASE("how the last flush went is said by the next one", "[statsd]") {
  const SetClock clock(1700000000);
  StatsdFlush flush({}, clock);
  StatsdInterval interval;
  std::string text;
  flush.write(interval, 1700000010,
              {.last_flush = 1700000000,
               .last_exception = 1699999990,
               .flush_time = Milliseconds(12),
               .flush_length = 345},
              [&text](std::string_view line) { text += line; });
  CHECK(text ==
        "statsd.numStats 0 1700000010\n"
        "stats.statsd.graphiteStats.calculationtime 0 1700000010\n"
        "stats.statsd.processing_time 0 1700000010\n"
        "stats.statsd.graphiteStats.last_exception 1699999990 1700000010\n"
        "stats.statsd.graphiteStats.last_flush 1700000000 1700000010\n"
        "stats.statsd.graphiteStats.flush_time 12 1700000010\n"
        "stats.statsd.graphiteStats.flush_length 345 1700000010\n");
}

}  // namespace
}  // namespace carbon_spool
