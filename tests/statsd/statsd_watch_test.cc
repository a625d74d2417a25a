#include "carbon_spool/statsd/statsd_watch.h"

#include <catch2/catch.hpp>

#include "interval_lines.h"

namespace carbon_spool {
namespace {

using Time = StatsdWatch::Time;

TEST_CASE("who watches sees the values that match, once, from the first question on", "[statsd]") {
  FlushedStatsd statsd({});
  statsd.take("a.b:1|c");
  CHECK_FALSE(statsd.aggregator.watch().any());
  CHECK(statsd.aggregator.watch().ask("me", "a.*").empty());
  statsd.take("a.b:1|c|@0.1\nb:1|c\na.c:5|ms:x y|s:-4|g");
  CHECK(statsd.aggregator.watch().ask("me", "a.*") ==
        "< a.b 1 c, 10 times\n< a.c 5 ms\n< a.c x y s\n< a.c -4 g\n");
  CHECK(statsd.aggregator.watch().ask("me", "a.*").empty());
}

TEST_CASE("who does not ask any more is forgotten", "[statsd]") {
  StatsdWatch watch;
  const Time long_ago = std::chrono::steady_clock::now() - std::chrono::hours(1);
  CHECK(watch.ask("me", "*", long_ago).empty());
  CHECK(watch.any());
  watch.see("a", "line");
  CHECK_FALSE(watch.any());
  CHECK(watch.ask("other", "*").empty());
}

TEST_CASE("a watcher who sees more than fits is told how much was left out", "[statsd]") {
  StatsdWatch watch;
  static_cast<void>(watch.ask("me", "*"));
  const std::string line(100'000, 'x');
  for (int i = 0; i < 5; ++i) watch.see("a", line);
  CHECK(watch.ask("me", "*") == line + "\n" + line + "\n... 3 more\n");
}

TEST_CASE("only so many may watch", "[statsd]") {
  StatsdWatch watch;
  for (int i = 0; i < 20; ++i) static_cast<void>(watch.ask(std::to_string(i), "*"));
  watch.see("a", "line");
  CHECK(watch.ask("7", "*") == "line\n");
  CHECK(watch.ask("8", "*").empty());
}

}  // namespace
}  // namespace carbon_spool
