#include "log_lines.h"

namespace carbon_spool {
namespace {

using Kind = RegexMetric::Kind;

LogParserOptions regex(std::vector<RegexMetric> metrics) {
  LogParserOptions options;
  options.format = LogFormat::Regex;
  options.metrics = std::move(metrics);
  return options;
}

const std::string kRequest = R"( (?P<method>[A-Z]+) (?P<path>\S+) (?P<status>\d{3}) (?P<ms>\S+)ms)";
const Lines kLines = {"x GET /a 200 10ms", "x GET /b.c 200 30ms", "x POST /a 500 20ms", "other"};

TEST_CASE("lines that an expression is found in are counted", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "hits.{method}.{status}"}}));
  CHECK(points_of(*parser, kLines) == Lines{"hits.GET.200 2", "hits.POST.500 1"});
  CHECK(parser->counts() == LogLineCounts{3, 1, 0});
  CHECK(flushed(*parser) == Lines{"hits.GET.200 0", "hits.POST.500 0"});
}

TEST_CASE("a counter adds up a group's number", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "ms", Kind::Counter, "ms"}}));
  CHECK(points_of(*parser, kLines) == Lines{"ms 60"});
}

TEST_CASE("a rate is a second's", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "hits", Kind::Rate}}));
  CHECK(points_of(*parser, kLines, Seconds(15)) == Lines{"hits 0.2"});
  take(*parser, kLines);
  CHECK(flushed(*parser, Seconds(0)).empty());
  CHECK(flushed(*parser, Seconds(15)) == Lines{"hits 0.2"});
}

TEST_CASE("a gauge is the last number of an interval, if it had one", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "ms.{method}", Kind::Gauge, "ms"}}));
  CHECK(points_of(*parser, kLines) == Lines{"ms.GET 30", "ms.POST 20"});
  CHECK(flushed(*parser).empty());
}

TEST_CASE("a timer has statistics", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "t", Kind::Timer, "ms", {90, 62.5}}}));
  CHECK(points_of(*parser, kLines) == Lines{"t.count 3", "t.mean 20", "t.lower 10", "t.upper 30",
                                            "t.median 20", "t.90th_percentile 28",
                                            "t.62_5th_percentile 22.5"});
  CHECK(flushed(*parser).empty());
}

TEST_CASE("a group's text is one element of the name", "[regex]") {
  const auto parser = parser_of(regex({{kRequest, "{path}"}}));
  CHECK(points_of(*parser, kLines) == Lines{"_a 2", "_b_c 1"});
  const auto optional = parser_of(regex({{"x(?P<more> y)?", "n.{more}"}}));
  CHECK(points_of(*optional, {"x", "x y"}) == Lines{"n._ 1", "n._y 1"});
}

TEST_CASE("every metric sees every line", "[regex]") {
  const auto parser =
      parser_of(regex({{kRequest, "a"}, {"GET", "b"}, {kRequest, "c", Kind::Timer, "path"}}));
  CHECK(points_of(*parser, kLines) == Lines{"a 3", "b 2"});
  CHECK(parser->counts() == LogLineCounts{0, 1, 3});  // no path is a number
}

TEST_CASE("bytes of any encoding match", "[regex]") {
  const auto parser = parser_of(regex({{"^\xc3\xa9.(?P<n>[0-9]+)", "n", Kind::Gauge, "n"}}));
  CHECK(points_of(*parser, {"\xc3\xa9\xff"
                            "7"}) == Lines{"n 7"});
}

TEST_CASE("what is wrong with a metric is told", "[regex]") {
  const auto why = [](RegexMetric metric) {
    const auto parser = make_log_parser(regex({{"a", "b"}, std::move(metric)}));
    REQUIRE_FALSE(parser);
    return parser.error().message;
  };
  CHECK(why({"(", "a"}) == "metric[1]: match: missing ): (");
  CHECK(why({"(?P<a>b)", ""}) == "metric[1]: name: expected a metric's name");
  CHECK(why({"(?P<a>b)", "{b}"}) == "metric[1]: name: \"match\" has no group \"b\"");
  CHECK(why({"(?P<a>b)", "x.{a"}) == "metric[1]: name: expected a group's name between { and }");
  CHECK(why({"(?P<a>b)", "x}"}) == "metric[1]: name: expected a group's name between { and }");
  CHECK(why({"(?P<a>b)", "x y"}) == "metric[1]: name: expected a metric's name, without blanks");
  CHECK(why({"(?P<a>b)", "x", Kind::Rate, "c"}) ==
        "metric[1]: value: \"match\" has no group \"c\"");
  CHECK(why({"(?P<a>b)", "x", Kind::Timer}) ==
        "metric[1]: value: expected the name of a group of \"match\"");
}

TEST_CASE("names without end take the places of those that are gone", "[regex]") {
  const auto parser = parser_of(regex({{"user=(?P<user>\\w+)", "user.{user}"}}));
  for (int interval = 0; interval < 3; ++interval) {
    for (int i = 0; i < 6000; ++i) {
      take(*parser, {"user=" + std::to_string(interval * 6000 + i)});
    }
    const Lines points = flushed(*parser);
    CHECK(points.size() <= 10'000);
    CHECK(points.size() >= 6'000);
  }
  CHECK(parser->counts() == LogLineCounts{18'000, 0, 0});
  for (int i = 0; i < 11'000; ++i) take(*parser, {"user=n" + std::to_string(i)});
  CHECK(parser->counts().bad == 1'000);
}

TEST_CASE("values of timers beyond what is kept are bad", "[regex]") {
  const auto parser = parser_of(regex({{"(?P<v>\\d+)", "t", Kind::Timer, "v", {}}}));
  for (int i = 0; i < 1'000'010; ++i) parser->take(kLogFile, "5", kLogNow);
  CHECK(parser->counts() == LogLineCounts{1'000'000, 0, 10});
  CHECK(flushed(*parser).front() == "t.count 1000000");
  take(*parser, {"5"});
  CHECK(parser->counts().taken == 1'000'001);
}

}  // namespace
}  // namespace carbon_spool
