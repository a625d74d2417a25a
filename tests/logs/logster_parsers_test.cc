#include "log_lines.h"

// The numbers are those of Logster 1.0.1 for the same lines and a minute, but where it says so.

namespace carbon_spool {
namespace {

const Lines kAccessLog = {
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.1" 200 5)",
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.0" 404 5)",
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.1" 503 5)",
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.1" 100 5)",
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.1" 301 5)",
    R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/1.1" 204 5)",
};

TEST_CASE("status classes of an access log", "[logster]") {
  const auto parser = parser_of(LogFormat::HttpStatus);
  CHECK(points_of(*parser, kAccessLog) ==
        Lines{"http_1xx 0.016666666666666666", "http_2xx 0.03333333333333333",
              "http_3xx 0.016666666666666666", "http_4xx 0.016666666666666666",
              "http_5xx 0.016666666666666666"});
  CHECK(flushed(*parser) ==
        Lines{"http_1xx 0.0", "http_2xx 0.0", "http_3xx 0.0", "http_4xx 0.0", "http_5xx 0.0"});
  CHECK(parser->counts() == LogLineCounts{6, 0, 0});
}

TEST_CASE("HTTP/2 and HTTP/3 count, mended", "[logster]") {
  const auto parser = parser_of(LogFormat::HttpStatus);
  CHECK(points_of(*parser, {R"("GET / HTTP/2.0" 200 5)", R"("GET / HTTP/2" 204 5)",
                            R"("GET / HTTP/3" 299 5)", R"("GET / HTTP/1.1" 404)"})
            .at(1) == "http_2xx 0.05");
  take(*parser, {"nothing", R"("GET / HTTP/1.1" 700 5)", R"("GET / HTTP/1.1" 000 5)"});
  CHECK(parser->counts() == LogLineCounts{4, 1, 2});
}

TEST_CASE("an interval without length is the next one's, mended", "[logster]") {
  const auto format = GENERATE(LogFormat::HttpStatus, LogFormat::Postfix, LogFormat::Squid,
                               LogFormat::Log4j, LogFormat::ApacheError, LogFormat::Metric);
  const Lines lines = {
      kAccessLog[0],
      "x: delay=1.5, y, status=sent (ok)",
      "1393350017.123    100 10.0.0.1 TCP_MISS/200 512 GET http://a/ - DIRECT/- text/html",
      "2014-02-25_09:40:17.344 ERROR x",
      "[Tue] [error] x",
      "METRIC_COUNT metric=a value=1",
  };
  const auto direct = parser_of(format);
  const Lines expected = points_of(*direct, lines);
  const auto parser = parser_of(format);
  take(*parser, lines);
  CHECK(flushed(*parser, Milliseconds(0)).empty());
  CHECK(flushed(*parser) == expected);
  CHECK_FALSE(expected.empty());
}

TEST_CASE("Postfix's deliveries", "[logster]") {
  const auto parser = parser_of(LogFormat::Postfix);
  const auto line = [](const std::string& delay, const std::string& status) {
    return "Nov 21 11:44:28 mx postfix/smtp[1]: ABC: to=<a@b>, relay=c[1.2.3.4]:25, delay=" +
           delay + ", delays=0.1/0.2/0.3/0.4, dsn=2.0.0, status=" + status + " (250 ok)";
  };
  CHECK(points_of(*parser, {line("1.5", "sent"), line("0.5", "sent"), line("3", "sent"),
                            line("7", "deferred"), line("9", "bounced"), line("1", "expired")}) ==
        Lines{"numSent 3", "pctSent 60.0", "numDeferred 1", "pctDeferred 20.0", "numBounced 1",
              "pctBounced 20.0", "mailTxnsSec 0.08333333333333333", "mailSentSec 0.05",
              "avgDelay 1.6666666666666667"});
  CHECK(flushed(*parser) == Lines{"numSent 0", "pctSent 0.0", "numDeferred 0", "pctDeferred 0.0",
                                  "numBounced 0", "pctBounced 0.0", "mailTxnsSec 0.0",
                                  "mailSentSec 0.0", "avgDelay 0"});
  take(*parser, {line("soon", "sent")});
  CHECK(parser->counts() == LogLineCounts{5, 1, 1});
}

TEST_CASE("Squid's requests, with the size that was meant, mended", "[logster]") {
  const auto parser = parser_of(LogFormat::Squid);
  const auto line = [](const std::string& elapsed, const std::string& code) {
    return "1393350017.123    " + elapsed + " 10.0.0.1 " + code +
           " 512 GET http://example.com/ - DIRECT/1.2.3.4 text/html";
  };
  const std::string one = "0.016666666666666666";
  // What Logster calls size is `elapsed`.
  CHECK(points_of(*parser, {line("100", "TCP_MISS/200"), line("20", "TCP_HIT/304"),
                            line("30", "TCP_DENIED/403"), line("30", "TCP_MEM_HIT/500"),
                            line("30", "UDP_HIT/100")}) ==
        Lines{"http_1xx " + one, "http_2xx " + one, "http_3xx " + one, "http_4xx " + one,
              "http_5xx " + one, "size 42.666666666666664", "squid_TCP_MISS " + one,
              "squid_TCP_DENIED " + one, "squid_TCP_HIT " + one, "squid_TCP_MEM_HIT " + one,
              "squid_OTHER " + one, "elapsed 3.5"});
  const Lines aborted = points_of(*parser, {line("6", "TCP_MISS_ABORTED/000"), "something else"});
  CHECK(aborted.front() == "http_1xx 0.0");
  CHECK(aborted.at(10) == "squid_OTHER " + one);
  CHECK(parser->counts() == LogLineCounts{6, 1, 0});
}

TEST_CASE("levels of log4j, with a blank in the time stamp, mended", "[logster]") {
  const auto parser = parser_of(LogFormat::Log4j);
  const Lines lines = {"2014-02-25_09:40:17.344 ERROR x", "2014-02-25_09:40:17.344 WARN x",
                       "2014-02-25_09:40:17.345 WARN x", "2014-02-25_09:40:17.344 FATAL x",
                       "2014-02-25_09:40:17.344 INFO x"};
  CHECK(points_of(*parser, lines) == Lines{"WARN 0.03333333333333333", "ERROR 0.016666666666666666",
                                           "FATAL 0.016666666666666666"});
  CHECK(parser->counts() == LogLineCounts{4, 1, 0});
  const Lines blank = {"2014-02-25 09:40:17,344 ERROR x", "2014-02-25 09:40:17,344 ERROR: x",
                       "2014-02-25T09:40:17.344Z [ERROR] x", "09:40:17 ERRORS are many",
                       "2014-02-25 09:40:17,344  WARN [main] padded"};
  CHECK(points_of(*parser, blank) == Lines{"WARN 0.016666666666666666", "ERROR 0.05", "FATAL 0.0"});
}

TEST_CASE("levels of log4j are those that are asked for", "[logster]") {
  LogParserOptions options;
  options.format = LogFormat::Log4j;
  options.log_levels = {"INFO"};
  CHECK(points_of(*parser_of(options),
                  {"2014-02-25_09:40:17.344 INFO x", "2014-02-25_09:40:17.344 ERROR x"}) ==
        Lines{"INFO 0.016666666666666666"});
}

TEST_CASE("levels of Apache's error log in ten seconds, with modules, mended", "[logster]") {
  const auto parser = parser_of(LogFormat::ApacheError);
  Lines lines;
  for (const char* level : {"error", "notice", "warn", "crit", "emerg", "debug"}) {
    lines.push_back("[Tue Feb 25 09:40:17 2014] [" + std::string(level) + "] [client 10.0.0.1] x");
  }
  CHECK(points_of(*parser, lines) == Lines{"notice 0.16666666666666666", "warn 0.16666666666666666",
                                           "error 0.16666666666666666", "crit 0.16666666666666666",
                                           "other 0.3333333333333333"});
  CHECK(points_of(*parser, {"[Tue Feb 25 09:40:17.123 2014] [core:error] [pid 1:tid 2] x",
                            "[Tue Feb 25 09:40:17.123 2014] [ssl:trace1] [pid 1:tid 2] x",
                            "something else"}) == Lines{"notice 0.0", "warn 0.0",
                                                        "error 0.16666666666666666", "crit 0.0",
                                                        "other 0.16666666666666666"});
  CHECK(parser->counts() == LogLineCounts{8, 1, 0});
}

TEST_CASE("metrics that lines name themselves", "[logster]") {
  LogParserOptions options;
  options.format = LogFormat::Metric;
  options.percentiles = {90, 95, 50};
  const auto parser = parser_of(options);
  CHECK(points_of(*parser,
                  {"a METRIC_COUNT metric=site.hits value=3 x",
                   "a METRIC_COUNT metric=site.hits value=2.5 x",
                   "METRIC_TIME metric=db.t value=10ms", "METRIC_TIME metric=db.t value=20ms",
                   "METRIC_TIME metric=db.t value=40ms", "METRIC_TIME metric=db.t value=80 ms"}) ==
        Lines{"site.hits 0.09166666666666666", "db.t.mean 37.5", "db.t.median 30.0",
              "db.t.90th_percentile 68.0", "db.t.95th_percentile 73.99999999999999",
              "db.t.50th_percentile 30.0"});
  CHECK(flushed(*parser).empty());
}

TEST_CASE("a metric's value may end its line, and a line may have several, mended", "[logster]") {
  const auto parser = parser_of(LogFormat::Metric);
  CHECK(points_of(*parser, {"METRIC_COUNT metric=a value=6",
                            "METRIC_COUNT metric=a value=6 METRIC_TIME metric=b value=5",
                            "METRIC_COUNT metric=c value=1.2.3", "nothing"}) ==
        Lines{"a 0.2", "b.mean 5.0", "b.median 5.0", "b.90th_percentile 5.0"});
  CHECK(parser->counts() == LogLineCounts{2, 1, 1});
}

TEST_CASE("times without length are sent, the counts beside them wait", "[logster]") {
  const auto parser = parser_of(LogFormat::Metric);
  take(*parser, {"METRIC_COUNT metric=a value=6", "METRIC_TIME metric=b value=5"});
  CHECK(flushed(*parser, Milliseconds(0)).front() == "b.mean 5.0");
  CHECK(flushed(*parser) == Lines{"a 0.1"});
}

TEST_CASE("numbers of the last JSON object", "[logster]") {
  LogParserOptions options;
  options.format = LogFormat::Json;
  options.key_separator = ":";
  const auto parser = parser_of(options);
  const std::string line = R"({"a":{"b":1,"c":[1,2.5,{"d":"s"}]},"e":true,"f":1.5,"n":null})";
  CHECK(points_of(*parser, {R"({"x":1})", line, "not JSON", R"({"a":1)", "[1]"}) ==
        Lines{"a:b 1", "a:c:0 1", "a:c:1 2.5", "f 1.5"});
  CHECK(parser->counts() == LogLineCounts{2, 2, 1});
  CHECK(flushed(*parser).empty());
}

TEST_CASE("what JSON may not be", "[logster]") {
  const auto parser = parser_of(LogFormat::Json);
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  std::string closed = deep;
  for (int i = 0; i < 100'000; ++i) closed += "]";
  std::string many = "{\"a\":[0";
  for (int i = 0; i < 10'000; ++i) many += ",0";
  const std::string key(600, 'k');
  CHECK(points_of(*parser, {deep, closed + "}", many + "]}", R"({"a":1e400})", R"({"a":NaN})",
                            "{\"" + key + "\":1}", "{\"a\":\"\xff\"}"})
            .empty());
  CHECK(parser->counts() == LogLineCounts{0, 0, 7});
  CHECK(points_of(*parser, {R"({"big":123456789012345678901234567890,"a b":-0.0,"e":1e-7})"}) ==
        Lines{"a_b -0.0", "big 1.2345678901234568e+29", "e 1e-07"});
}

TEST_CASE("no value of a line makes a number that is none", "[logster]") {
  const std::string huge(330, '9');
  const auto metric = parser_of(LogFormat::Metric);
  CHECK(points_of(*metric,
                  {"METRIC_COUNT metric=a value=" + huge, "METRIC_TIME metric=a value=" + huge},
                  Milliseconds(1))
            .empty());
  CHECK(metric->counts().bad == 2);
  const auto squid = parser_of(LogFormat::Squid);
  take(*squid, {"1.0 " + huge + " c TCP_HIT/200 1 GET", "1.0 1 c TCP_HIT/200 " + huge + " GET"});
  CHECK(squid->counts().bad == 2);
}

TEST_CASE("names beyond what is kept are bad", "[logster]") {
  const auto parser = parser_of(LogFormat::Metric);
  for (int i = 0; i < 11'000; ++i) {
    const std::string name = "n" + std::to_string(i);
    take(*parser,
         {"METRIC_COUNT metric=" + name + " value=1", "METRIC_TIME metric=" + name + " value=1"});
  }
  CHECK(parser->counts() == LogLineCounts{20'000, 0, 2'000});
  CHECK(flushed(*parser).size() == 40'000);
}

}  // namespace
}  // namespace carbon_spool
