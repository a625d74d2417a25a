#include <random>

#include "log_lines.h"

namespace carbon_spool {
namespace {

const std::vector<LogFormat> kFormats = {
    LogFormat::Bpftrace, LogFormat::HttpStatus, LogFormat::Postfix,
    LogFormat::Squid,    LogFormat::Log4j,      LogFormat::ApacheError,
    LogFormat::Metric,   LogFormat::Json,       LogFormat::Regex,
};

LogParserOptions options_of(LogFormat format, BpftraceOptions::Mode mode) {
  LogParserOptions options;
  options.format = format;
  options.bpftrace.mode = mode;
  options.bpftrace.maps = {"usecs", "reads"};
  using enum RegexMetric::Kind;
  options.metrics = {{"(?P<level>ERROR|WARN)", "level.{level}"},
                     {"value=(?P<v>[0-9]+)", "rate", Rate, "v"},
                     {"value=(?P<v>[0-9]+)", "gauge", Gauge, "v"},
                     {"value=(?P<v>[0-9.]+)", "timer", Timer, "v"}};
  return options;
}

std::string random_line(std::mt19937& random) {
  const auto number = [&random](int most) {
    return std::to_string(std::uniform_int_distribution(0, most)(random));
  };
  const std::string few = number(4);
  switch (std::uniform_int_distribution(0, 15)(random)) {
    case 0:
      return few < "2" ? "@usecs: " : few < "3" ? "@reads[sda, " + few + "]:" : "@other:";
    case 1:
    case 2:
    case 3:
      return "[" + few + "K, 5K)      " + number(9) + " |@@@@|";
    case 4:
    case 5:
      return "";
    case 6:
      return few == "0" ? "Attaching 3 probes..." : "@start[0]: 1";
    case 7:
      return R"({"type": "hist", "data": {"@usecs": [{"min": )" + few + R"(, "count": )" +
             number(9) + "}]}}";
    case 8:
      return R"("GET / HTTP/1.1" )" + few + "04 17";
    case 9:
      return "delay=" + few + ".25, status=" + (few < "2" ? "sent" : "bounced");
    case 10:
      return "1.5  " + number(500) + " c TCP_MISS/20" + few + " " + number(5000) + " GET x";
    case 11:
      return std::string("2014-02-25 09:40:17,344 ") + (few < "2" ? "ERROR" : "WARN") + " x";
    case 12:
      return std::string("[Tue] [core:") + (few < "2" ? "error" : "notice") + "] x";
    case 13:
      return "METRIC_COUNT metric=c." + few + " value=" + number(1000) + ".1";
    case 14:
      return "METRIC_TIME metric=t." + few + " value=" + number(1000) + ".3";
    default:
      return R"({"a": {"b": )" + number(1000) + R"(, "c": [0.1, )" + few + "]}}";
  }
}

TEST_CASE("a parser that was saved and restored goes on as if it had not been", "[logs]") {
  const std::uint32_t seed = GENERATE(take(5, random(0U, 0xffffffffU)));
  CAPTURE(seed);
  for (const LogFormat format : kFormats) {
    for (const auto mode : {BpftraceOptions::Mode::Interval, BpftraceOptions::Mode::Cumulative}) {
      CAPTURE(static_cast<int>(format), static_cast<int>(mode));
      const LogParserOptions options = options_of(format, mode);
      const auto straight = parser_of(options);
      auto split = parser_of(options);
      std::mt19937 random(seed);
      std::size_t points = 0;
      std::int64_t now = kLogNow;
      for (int i = 0; i < 3000; ++i) {
        const std::string line = random_line(random);
        const std::string file = random() % 3 == 0 ? "/a" : "/b";
        now += std::uniform_int_distribution(0, 500)(random);
        straight->take(file, line, now);
        split->take(file, line, now);
        if (random() % 20 == 0) {
          const std::string saved = split->save();
          split = parser_of(options);
          REQUIRE(split->restore(saved));
          REQUIRE(split->save() == saved);
        }
        if (random() % 50 == 0) {
          const Milliseconds duration(random() % 8 == 0 ? 0 : 15000);
          now += random() % 4 == 0 ? 20'000 : 0;
          const Lines expected = flushed(*straight, duration, now);
          points += expected.size();
          REQUIRE(flushed(*split, duration, now) == expected);
        }
      }
      CHECK(points > 0);
      CHECK(straight->counts().taken > 0);
    }
  }
}

TEST_CASE("what another parser saved, or nobody, leaves a parser empty", "[logs]") {
  const auto other = parser_of(LogFormat::HttpStatus);
  take(*other, {R"("GET / HTTP/1.1" 200 5)"});
  for (const LogFormat format : kFormats) {
    CAPTURE(static_cast<int>(format));
    const LogParserOptions options = options_of(format, BpftraceOptions::Mode::Interval);
    const auto parser = parser_of(options);
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) parser->take("/a", random_line(random), kLogNow);
    const std::string saved = parser->save();
    const std::string empty = parser_of(options)->save();
    if (format != LogFormat::HttpStatus) {
      CHECK_FALSE(parser->restore(other->save()));
      CHECK(parser->save() == empty);
    }
    // Cut short anywhere, and with more than it had.
    for (std::size_t length = 0; length < saved.size(); length += 1 + length / 20) {
      CHECK_FALSE(parser->restore(saved.substr(0, length)));
    }
    CHECK_FALSE(parser->restore(saved + "1 "));
    CHECK(parser->save() == empty);
  }
}

TEST_CASE("counts of blocks that were saved with other options are not taken for these", "[logs]") {
  LogParserOptions options = options_of(LogFormat::Bpftrace, BpftraceOptions::Mode::Interval);
  const auto before = parser_of(options);
  take(*before, {"@usecs: ", "[1]   1 |@|", ""});
  options.bpftrace.metric = "other";
  const auto after = parser_of(options);
  const auto restored = after->restore(before->save());
  REQUIRE_FALSE(restored);
  CHECK(restored.error().message == "saved with other options");
  CHECK(flushed(*after).empty());
}

}  // namespace
}  // namespace carbon_spool
