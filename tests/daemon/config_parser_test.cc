#include "config_parser.h"

#include <sstream>
#include <utility>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

struct Read {
  std::optional<LogParserOptions> options;
  std::vector<std::string> errors;  ///< `line key: message`
};

Read read(const toml::value& input) {
  ConfigReading reading{"f", {}, {}};
  ConfigTable table(input, "input[0]", reading);
  for (const char* other : {"type", "name", "path", "hostname_method"})
    static_cast<void>(table.take(other));
  Read found{read_log_parser(table), {}};
  table.finish();
  for (const ConfigError& each : reading.errors) {
    found.errors.push_back(std::to_string(each.line) + " " + each.key + ": " + each.message);
  }
  return found;
}

/// `keys` begin on line 2.
Read read_keys(const std::string& keys) {
  std::istringstream text("[[input]]\n" + keys);
  return read(toml::find(toml::parse(text, "f"), "input").at(0));
}

LogParserOptions options_of(const std::string& keys) {
  Read found = read_keys(keys);
  for (const std::string& each : found.errors) FAIL_CHECK(each);
  REQUIRE(found.options);
  return *found.options;
}

std::string error_of(const std::string& keys) {
  const Read found = read_keys(keys);
  if (found.errors.size() != 1) return std::to_string(found.errors.size()) + " errors";
  return found.errors[0];
}

class KeptPoints final : public LogPoints {
 public:
  void add(std::string_view name, std::string_view value) override {
    lines.push_back(std::string(name) + " " + std::string(value));
  }
  std::vector<std::string> lines;
};

TEST_CASE("lines are points unless a parser is named", "[config][logs]") {
  CHECK_FALSE(read_keys("").options);
  CHECK_FALSE(read_keys("parser = \"graphite\"").options);
  CHECK(read_keys("parser = \"graphite\"").errors.empty());
}

TEST_CASE("parsers are named, and have defaults", "[config][logs]") {
  using enum LogFormat;
  const std::pair<const char*, LogFormat> names[] = {
      {"bpftrace", Bpftrace}, {"http_status", HttpStatus},   {"postfix", Postfix}, {"squid", Squid},
      {"log4j", Log4j},       {"apache_error", ApacheError}, {"metric", Metric},   {"json", Json},
  };
  for (const auto& [name, format] : names) {
    LogParserOptions expected;
    expected.format = format;
    CHECK(options_of("parser = \"" + std::string(name) + "\"") == expected);
  }
}

TEST_CASE("the keys of each parser are read", "[config][logs]") {
  const BpftraceOptions bpftrace = options_of(R"(parser = "bpftrace"
metric = "disk.lat"
mode = "cumulative"
maps = ["@usecs", "reads", "@"])")
                                       .bpftrace;
  CHECK(bpftrace ==
        BpftraceOptions{"disk.lat", BpftraceOptions::Mode::Cumulative, {"@usecs", "reads", "@"}});
  CHECK(options_of("parser = \"log4j\"\nlog_levels = [\"INFO\"]").log_levels ==
        std::vector<std::string>{"INFO"});
  CHECK(options_of("parser = \"metric\"\npercentiles = [50, 99.9]").percentiles ==
        std::vector<double>{50, 99.9});
  CHECK(options_of("parser = \"json\"\nkey_separator = \":\"").key_separator == ":");
  const auto metrics = options_of(R"(parser = "regex"
[[input.metric]]
match = 'x'
name = "x"
[[input.metric]]
match = '(?P<ms>\d+)'
name = "t.{ms}"
kind = "timer"
value = "ms"
percentiles = [])")
                           .metrics;
  CHECK(metrics ==
        std::vector<RegexMetric>{{"x", "x"},
                                 {R"((?P<ms>\d+))", "t.{ms}", RegexMetric::Kind::Timer, "ms", {}}});
}

TEST_CASE("what a parser's keys may not be", "[config][logs]") {
  CHECK(error_of("parser = \"nginx\"") ==
        "2 input[0].parser: expected \"graphite\", \"bpftrace\", \"http_status\", \"postfix\", "
        "\"squid\", \"log4j\", \"apache_error\", \"metric\", \"json\", \"regex\", found \"nginx\"");
  CHECK(error_of("parser = \"squid\"\nmode = \"interval\"") == "3 input[0].mode: unknown key");
  CHECK(error_of("parser = \"bpftrace\"\nmetric = \"a b\"") ==
        "3 input[0].metric: expected a part of a metric name: letters, digits, any of \"_.-\", "
        "found \"a b\"");
  CHECK(error_of("parser = \"bpftrace\"\nmode = \"sum\"") ==
        "3 input[0].mode: expected \"interval\", \"cumulative\", found \"sum\"");
  CHECK(error_of("parser = \"bpftrace\"\nmaps = [\"@a[b]\"]") ==
        "3 input[0].maps: expected names of maps, such as \"@usecs\", found in it \"@a[b]\"");
  CHECK(error_of("parser = \"log4j\"\nlog_levels = [\"A-B\"]") ==
        "3 input[0].log_levels: expected levels of letters, digits and \"_\", found in it \"A-B\"");
  CHECK(error_of("parser = \"metric\"\npercentiles = 90") ==
        "3 input[0].percentiles: expected percentiles, over 0 and up to 100, such as [90, 99.9], "
        "found the integer 90");
  CHECK(error_of("parser = \"metric\"\npercentiles = [0]") ==
        "3 input[0].percentiles: expected percentiles, over 0 and up to 100, such as [90, 99.9], "
        "found in it the integer 0");
  CHECK(error_of("parser = \"json\"\nkey_separator = \" \"") ==
        "3 input[0].key_separator: expected 1 to 8 printable characters, no blank, such as \".\", "
        "found \" \"");
}

TEST_CASE("what a metric of an expression may not be", "[config][logs]") {
  const std::string regex = "parser = \"regex\"\n";
  const std::string metric = regex + "[[input.metric]]\n";
  CHECK(error_of(regex) == "1 input[0].metric: expected at least one metric");
  CHECK(error_of(metric + "name = \"x\"") ==
        "3 input[0].metric[0].match: expected an expression of RE2");
  CHECK(error_of(metric + "match = \"(\"\nname = \"x\"") ==
        "4 input[0].metric[0].match: missing ): (");
  CHECK(error_of(metric + "match = \"x\"") ==
        "3 input[0].metric[0].name: expected a metric's name");
  CHECK(error_of(metric + "match = \"x\"\nname = \"{a}\"") ==
        "5 input[0].metric[0].name: \"match\" has no group \"a\"");
  CHECK(error_of(metric + "match = \"x\"\nname = \"x\"\nkind = \"timer\"") ==
        "3 input[0].metric[0].value: expected the name of a group of \"match\"");
  CHECK(error_of(metric + "match = \"x\"\nname = \"x\"\nkind = \"sum\"") ==
        "6 input[0].metric[0].kind: expected \"counter\", \"rate\", \"gauge\", \"timer\", "
        "found \"sum\"");
  CHECK(error_of(metric + "match = \"x\"\nname = \"x\"\nnmae = \"x\"") ==
        "6 input[0].metric[0].nmae: unknown key; did you mean \"name\"?");
}

TEST_CASE("the example for JupyterHub understands JupyterHub's log", "[config][logs]") {
  const Read found = read(
      toml::find(toml::parse(PROJECT_SOURCE_DIR "/conf/examples/jupyterhub.toml"), "input").at(0));
  for (const std::string& each : found.errors) FAIL_CHECK(each);
  REQUIRE(found.options);
  auto parser = make_log_parser(*found.options);
  REQUIRE(parser);
  for (const char* line : {
           "[I 2024-03-01 09:40:17.344 JupyterHub log:191] 200 GET /hub/home (ann@10.0.0.1) 12.5ms",
           "[I 2024-03-01 09:40:17.344 JupyterHub log:191] 302 GET / -> /hub/ (@10.0.0.1) 0.5ms",
           "[W 2024-03-01 09:40:17.344 JupyterHub log:191] 403 POST /hub/login (@::1) 20ms",
           "[I 2024-03-01 09:40:18.001 JupyterHub base:937] User logged in: ann",
           "[I 2024-03-01 09:40:19.020 JupyterHub base:1083] User ann took 3.5 seconds to start",
           "[I 2024-03-01 09:40:20.020 JupyterHub app:2859] Running JupyterHub version 4.0.2",
       }) {
    parser.value()->take("jupyterhub.log", line, 0);
  }
  KeptPoints points;
  parser.value()->flush(Seconds(10), 0, points);
  CHECK(points.lines ==
        std::vector<std::string>{"jupyterhub.status.200 1",
                                 "jupyterhub.status.302 1",
                                 "jupyterhub.status.403 1",
                                 "jupyterhub.request_ms.GET.count 2",
                                 "jupyterhub.request_ms.GET.mean 6.5",
                                 "jupyterhub.request_ms.GET.lower 0.5",
                                 "jupyterhub.request_ms.GET.upper 12.5",
                                 "jupyterhub.request_ms.GET.median 6.5",
                                 "jupyterhub.request_ms.GET.50th_percentile 6.5",
                                 "jupyterhub.request_ms.GET.90th_percentile 11.3",
                                 "jupyterhub.request_ms.GET.99th_percentile 12.379999999999999",
                                 "jupyterhub.request_ms.POST.count 1",
                                 "jupyterhub.request_ms.POST.mean 20",
                                 "jupyterhub.request_ms.POST.lower 20",
                                 "jupyterhub.request_ms.POST.upper 20",
                                 "jupyterhub.request_ms.POST.median 20",
                                 "jupyterhub.request_ms.POST.50th_percentile 20",
                                 "jupyterhub.request_ms.POST.90th_percentile 20",
                                 "jupyterhub.request_ms.POST.99th_percentile 20",
                                 "jupyterhub.logins 0.1",
                                 "jupyterhub.start_seconds.count 1",
                                 "jupyterhub.start_seconds.mean 3.5",
                                 "jupyterhub.start_seconds.lower 3.5",
                                 "jupyterhub.start_seconds.upper 3.5",
                                 "jupyterhub.start_seconds.median 3.5",
                                 "jupyterhub.start_seconds.90th_percentile 3.5",
                                 "jupyterhub.log.W 1"});
  CHECK(parser.value()->counts() == LogLineCounts{5, 1, 0});
}

}  // namespace
}  // namespace carbon_spool
