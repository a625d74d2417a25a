// The worked examples of logster.md, each named by its number there, of intervals of 60 seconds.
// Where ours differs on purpose (docs/log-parsers.md), the line that makes the difference stands
// apart. Examples 8 and 9, and StatsD's form of 2, are of the program:
// tests/end_to_end/test_logster.py.

#include "log_lines.h"

namespace carbon_spool {
namespace {

const std::string kOne = "0.016666666666666666";
const std::string kTwo = "0.03333333333333333";

std::string request(const std::string& version, const std::string& status) {
  return R"(10.0.0.1 - - [25/Feb/2014:09:40:17 +0000] "GET / HTTP/)" + version + "\" " + status +
         " 512";
}

TEST_CASE("logster.md 7.1: status classes", "[logster]") {
  const auto parser = parser_of(LogFormat::HttpStatus);
  const Lines lines = {request("1.1", "200"), request("1.0", "404"), request("1.1", "503"),
                       request("1.1", "100"), request("1.1", "301"), request("1.1", "204")};
  CHECK(points_of(*parser, lines) == Lines{"http_1xx " + kOne, "http_2xx " + kTwo,
                                           "http_3xx " + kOne, "http_4xx " + kOne,
                                           "http_5xx " + kOne});
  take(*parser, lines);
  CHECK(points_of(*parser, {request("2.0", "200")}).at(1) == "http_2xx 0.05");  // theirs: 0.0333…
}

TEST_CASE("logster.md 7.2: Postfix", "[logster]") {
  const auto line = [](const std::string& delay, const std::string& status) {
    return "Feb 25 09:40:17 mx postfix/smtp[9]: 1A2B: to=<a@example.com>, delay=" + delay +
           ", delays=0/0/0/0, dsn=2.0.0, status=" + status + " (250 ok)";
  };
  CHECK(points_of(*parser_of(LogFormat::Postfix),
                  {line("1.5", "sent"), line("0.5", "sent"), line("3", "sent"),
                   line("2", "deferred"), line("2", "bounced"), line("2", "expired")}) ==
        Lines{"numSent 3", "pctSent 60.0", "numDeferred 1", "pctDeferred 20.0", "numBounced 1",
              "pctBounced 20.0", "mailTxnsSec 0.08333333333333333", "mailSentSec 0.05",
              "avgDelay 1.6666666666666667"});
}

TEST_CASE("logster.md 7.3: Squid", "[logster]") {
  const auto line = [](const std::string& elapsed, const std::string& code) {
    return "1393350017.123    " + elapsed + " 10.0.0.1 " + code +
           " 512 GET http://example.com/ - DIRECT/10.0.0.2 text/html";
  };
  const Lines points = points_of(
      *parser_of(LogFormat::Squid),
      {line("100", "TCP_MISS/200"), line("20", "TCP_HIT/304"), line("30", "TCP_DENIED/403"),
       line("30", "TCP_MEM_HIT/500"), line("30", "UDP_HIT/100")});
  // Theirs: "size 3.5", which is the time and here `elapsed`.
  CHECK(points == Lines{"http_1xx " + kOne, "http_2xx " + kOne, "http_3xx " + kOne,
                        "http_4xx " + kOne, "http_5xx " + kOne, "size 42.666666666666664",
                        "squid_TCP_MISS " + kOne, "squid_TCP_DENIED " + kOne,
                        "squid_TCP_HIT " + kOne, "squid_TCP_MEM_HIT " + kOne, "squid_OTHER " + kOne,
                        "elapsed 3.5"});
}

TEST_CASE("logster.md 7.4: Apache's error log", "[logster]") {
  const auto parser = parser_of(LogFormat::ApacheError);
  const auto line = [](const std::string& level) {
    return "[Tue Feb 25 09:40:17 2014] [" + level + "] [client 10.0.0.1] x";
  };
  const Lines lines = {line("error"), line("notice"), line("warn"),
                       line("crit"),  line("emerg"),  line("debug")};
  const std::string one = "0.16666666666666666";
  CHECK(points_of(*parser, lines) == Lines{"notice " + one, "warn " + one, "error " + one,
                                           "crit " + one, "other 0.3333333333333333"});
  take(*parser, lines);
  // Theirs: 0.1666…
  CHECK(points_of(*parser, {line("core:error")}).at(2) == "error 0.3333333333333333");
}

TEST_CASE("logster.md 7.5: log4j", "[logster]") {
  const auto parser = parser_of(LogFormat::Log4j);
  const Lines lines = {"2014-02-25_09:40:17.344 ERROR x", "2014-02-25_09:40:17.344 WARN x",
                       "2014-02-25_09:40:17.344 WARN x", "2014-02-25_09:40:17.344 FATAL x",
                       "2014-02-25_09:40:17.344 INFO x"};
  CHECK(points_of(*parser, lines) == Lines{"WARN " + kTwo, "ERROR " + kOne, "FATAL " + kOne});
  take(*parser, lines);
  CHECK(points_of(*parser, {"2014-02-25 09:40:17,344 ERROR"}).at(1) ==
        "ERROR " + kTwo);  // theirs: one
}

TEST_CASE("logster.md 7.6: metrics", "[logster]") {
  LogParserOptions options;
  options.format = LogFormat::Metric;
  options.percentiles = {90, 95, 50};
  CHECK(points_of(
            *parser_of(options),
            {"x METRIC_COUNT metric=site.hits value=3 x",
             "x METRIC_COUNT metric=site.hits value=2.5 x",
             "x METRIC_TIME metric=db.t value=10ms x", "x METRIC_TIME metric=db.t value=20ms x",
             "x METRIC_TIME metric=db.t value=40ms x", "x METRIC_TIME metric=db.t value=80ms x"}) ==
        Lines{"site.hits 0.09166666666666666", "db.t.mean 37.5", "db.t.median 30.0",
              "db.t.90th_percentile 68.0", "db.t.95th_percentile 73.99999999999999",
              "db.t.50th_percentile 30.0"});
}

TEST_CASE("logster.md 7.7: JSON; what is no number is left out", "[logster]") {
  LogParserOptions options;
  options.format = LogFormat::Json;
  options.key_separator = ":";
  CHECK(points_of(*parser_of(options),
                  {R"({"a":{"b":1,"c":[1,2.5,{"d":"s"}]},"e":true,"f":1.5,"n":null})"}) ==
        Lines{"a:b 1", "a:c:0 1", "a:c:1 2.5", "f 1.5"});
}

}  // namespace
}  // namespace carbon_spool
