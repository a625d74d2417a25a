#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

LoadedConfig load(const std::string& keys) {
  return parse_config(
      "[[destination]]\naddress = \"tcp://graphite:2003\"\n[[input]]\ntype = \"statsd\"\n" + keys,
      "f");
}

InputOptions input_with(const std::string& keys) {
  const LoadedConfig loaded = load(keys);
  for (const ConfigError& each : loaded.errors) FAIL_CHECK(to_string(each));
  return loaded.config.inputs.at(0);
}

/// The one error, without the file and the line.
std::string error_of(const std::string& keys) {
  const LoadedConfig loaded = load(keys);
  if (loaded.errors.size() != 1) return std::to_string(loaded.errors.size()) + " errors";
  return loaded.errors[0].key + ": " + loaded.errors[0].message;
}

TEST_CASE("a StatsD input without a key does what StatsD does", "[config][statsd]") {
  const InputOptions input = input_with("");
  CHECK(input.name == "statsd");
  CHECK(input.type == InputType::Statsd);
  REQUIRE(input.listen.size() == 2);
  CHECK(to_string(input.listen[0]) == "udp://0.0.0.0:8125");
  CHECK(to_string(input.listen[1]) == "tcp://0.0.0.0:8125");
  REQUIRE(input.statsd.console);
  CHECK(to_string(*input.statsd.console) == "tcp://127.0.0.1:8126");
  CHECK(input.statsd.forward_to.empty());
  CHECK_FALSE(input.statsd.persist);
  CHECK(input.statsd.statsd == StatsdOptions());
}

TEST_CASE("a StatsD input's keys are read", "[config][statsd]") {
  const InputOptions input = input_with(R"(
listen = ["unixgram:///run/statsd.sock"]
console = "unix:///run/statsd-console.sock"
forward_to = ["udp://other:8125"]
persist = true
flush_interval = "2s"
percent_threshold = [90, 99.9, -10]
histogram = [{ metric = "render", bins = [0.5, 10, "inf"] }, { metric = "", bins = [1, inf] }]
calculated_timer_metrics = ["count", "upper_percent"]
delete_idle_stats = true
delete_gauges = false
gauges_max_ttl = 3
legacy_namespace = false
flush_counts = false
global_prefix = ""
prefix_counter = "c"
prefix_timer = "t"
prefix_gauge = "g"
prefix_set = "s"
global_suffix = "host-1"
prefix_stats = "self.stats"
key_name_sanitize = false
dogstatsd = true
gauge_minus = "set"
max_names = 7
max_memory = "2MiB"
)");
  const StatsdOptions& statsd = input.statsd.statsd;
  CHECK(to_string(*input.statsd.console) == "unix:///run/statsd-console.sock");
  CHECK(to_string(input.statsd.forward_to.at(0)) == "udp://other:8125");
  CHECK(input.statsd.persist);
  CHECK(statsd.flush_interval == Seconds(2));
  CHECK(statsd.percent_threshold == std::vector<double>{90, 99.9, -10});
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(statsd.histogram ==
        std::vector<StatsdHistogram>{{"render", {0.5, 10, infinity}}, {"", {1, infinity}}});
  CHECK(statsd.calculated_timer_metrics == std::vector<std::string>{"count", "upper_percent"});
  CHECK(statsd.delete_counters);
  CHECK(statsd.delete_timers);
  CHECK(statsd.delete_sets);
  CHECK_FALSE(statsd.delete_gauges);
  CHECK(statsd.gauges_max_ttl == 3);
  CHECK_FALSE(statsd.legacy_namespace);
  CHECK_FALSE(statsd.flush_counts);
  CHECK(statsd.global_prefix.empty());
  CHECK(statsd.prefix_counter == "c");
  CHECK(statsd.prefix_timer == "t");
  CHECK(statsd.prefix_gauge == "g");
  CHECK(statsd.prefix_set == "s");
  CHECK(statsd.global_suffix == "host-1");
  CHECK(statsd.prefix_stats == "self.stats");
  CHECK_FALSE(statsd.syntax.sanitize_names);
  CHECK(statsd.syntax.dogstatsd);
  CHECK(statsd.gauge_minus == GaugeMinus::Set);
  CHECK(statsd.max_names == 7);
  CHECK(statsd.max_memory == 2 << 20);
}

TEST_CASE("one threshold may stand alone, and the console may be off", "[config][statsd]") {
  const InputOptions input = input_with("percent_threshold = 95\nconsole = 'off'\n");
  CHECK(input.statsd.statsd.percent_threshold == std::vector<double>{95});
  CHECK_FALSE(input.statsd.console);
}

TEST_CASE("what a StatsD input cannot be is an error that says what was expected",
          "[config][statsd]") {
  const std::string thresholds =
      "input[0].percent_threshold: expected percentages from -100 to 100, not 0, such as [90, "
      "-10], found ";
  CHECK(error_of("percent_threshold = [90, 101]") == thresholds + "the integer 101");
  CHECK(error_of("percent_threshold = 0") == thresholds + "the integer 0");
  CHECK(error_of("percent_threshold = [nan]") == thresholds + "a number with a fraction");
  CHECK(error_of("percent_threshold = '90'") == thresholds + "the string \"90\"");
  const std::string histogram =
      R"(input[0].histogram: expected { metric = "a part of names", bins = [ascending limits] })";
  CHECK(error_of("histogram = [{ metric = 'a', bins = [2, 1] }]") == histogram);
  CHECK(error_of("histogram = [{ metric = 'a', bins = ['inf', 1] }]") == histogram);
  CHECK(error_of("histogram = [{ metric = 'a' }]") == histogram);
  CHECK(error_of("histogram = [{ metric = 'a', bins = [1], more = 1 }]") == histogram);
  CHECK(error_of("flush_interval = '50ms'") ==
        R"(input[0].flush_interval: expected a duration of at least "100ms", found "50ms")");
  CHECK(error_of("prefix_stats = ''") ==
        "input[0].prefix_stats: expected a part of a metric name: letters, digits, any of \"_.-\", "
        "found \"\"");
  CHECK(error_of("global_suffix = 'a b'") ==
        "input[0].global_suffix: expected \"\" or a part of a metric name: letters, digits, any of "
        "\"_.-\", found \"a b\"");
  CHECK(error_of("console = 'udp://127.0.0.1:8126'") ==
        R"(input[0].console: expected tcp:// or unix://, found "udp://127.0.0.1:8126")");
  CHECK(error_of("forward_to = ['tcp://other:8125']") ==
        R"(input[0].forward_to: expected udp:// or unixgram://, found "tcp://other:8125")");
  CHECK(
      error_of("forward_to = ['udp://localhost:8125']") ==
      R"(input[0].forward_to: expected another server, found "udp://localhost:8125", where input[0] listens)");
  CHECK(error_of("flush_intervall = '1s'") ==
        R"(input[0].flush_intervall: unknown key; did you mean "flush_interval"?)");
}

TEST_CASE("check says what a StatsD input does", "[config][statsd]") {
  const std::string page =
      describe(load("forward_to = ['udp://other:8125']\npersist = true").config);
  INFO(page);
  CHECK(page.find("Flushed every 10s into the legacy namespace") != std::string::npos);
  CHECK(page.find("Every packet goes to udp://other:8125 as well") != std::string::npos);
  CHECK(page.find("kept each second") != std::string::npos);
}

}  // namespace
}  // namespace carbon_spool
