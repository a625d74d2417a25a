#include <algorithm>

#include "log_lines.h"

namespace carbon_spool {
namespace {

using Mode = BpftraceOptions::Mode;

constexpr Milliseconds kSlot = Seconds(15);

std::unique_ptr<LogParser> bpftrace(Mode mode = Mode::Interval, Lines maps = {}) {
  LogParserOptions options;
  options.format = LogFormat::Bpftrace;
  options.bpftrace.mode = mode;
  options.bpftrace.maps = std::move(maps);
  return parser_of(options);
}

/// A block as bpftrace prints it.
Lines block(const std::string& header, const Lines& rows) {
  Lines lines = {header};
  for (const std::string& row : rows) {
    const std::size_t gap = row.rfind(' ');
    std::string label = row.substr(0, gap);
    std::string count = row.substr(gap + 1);
    label.resize(std::max<std::size_t>(label.size(), 16), ' ');
    count.insert(0, 8 - std::min<std::size_t>(count.size(), 8), ' ');
    lines.push_back(label + count + " |" + std::string(52, '@') + "|");
  }
  lines.emplace_back();
  return lines;
}

Lines sorted(Lines lines) {
  std::ranges::sort(lines);
  return lines;
}

Lines points(LogParser& parser, const Lines& lines) {
  return sorted(points_of(parser, lines, kSlot));
}

Lines capture(const std::string& name) {
  return lines_of_file(PROJECT_SOURCE_DIR "/tests/logs/captures/" + name);
}

TEST_CASE("a block becomes a count for each bucket", "[bpftrace]") {
  const auto parser = bpftrace();
  CHECK(points(*parser,
               {"@usecs: ",
                "[1]                    1 |@@@@@                                               |",
                "[2, 4)                 1 |@@@@@                                               |",
                "[16, 32)              10 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
                ""}) == Lines{"cpu-lat.1 1", "cpu-lat.16 10", "cpu-lat.2 1"});
  CHECK(parser->counts() == LogLineCounts{5, 0, 0});
}

TEST_CASE("a known bucket has a value in every interval", "[bpftrace]") {
  const auto parser = bpftrace();
  CHECK(points(*parser, {}).empty());
  CHECK(points(*parser, block("@:", {"[1] 1", "[2, 4) 0"})) == Lines{"cpu-lat.1 1", "cpu-lat.2 0"});
  CHECK(points(*parser, block("@:", {"[2, 4) 7"})) == Lines{"cpu-lat.1 0", "cpu-lat.2 7"});
  CHECK(points(*parser, {}) == Lines{"cpu-lat.1 0", "cpu-lat.2 0"});
}

TEST_CASE("blocks of one interval add up", "[bpftrace]") {
  const auto parser = bpftrace();
  take(*parser, block("@usecs: ", {"[1] 1", "[2, 4) 5"}));
  CHECK(points(*parser, block("@usecs: ", {"[2, 4) 4"})) == Lines{"cpu-lat.1 1", "cpu-lat.2 9"});
}

TEST_CASE("labels of all kinds name their lower bound", "[bpftrace]") {
  const auto parser = bpftrace();
  SECTION("below zero, zero and one") {
    CHECK(points(*parser, block("@neg: ", {"(..., 0) 1", "[0] 1", "[1] 1", "[2, 4) 1"})) ==
          Lines{"cpu-lat.0 1", "cpu-lat.1 1", "cpu-lat.2 1", "cpu-lat.lt_0 1"});
  }
  SECTION("suffixes") {
    CHECK(points(*parser, block("@usecs: ", {"[512, 1K) 5", "[1K, 2K) 4", "[512K, 1M) 1",
                                             "[1M, 2M) 2", "[1G, 2G) 3"})) ==
          Lines{"cpu-lat.1024 4", "cpu-lat.1048576 2", "cpu-lat.1073741824 3", "cpu-lat.512 5",
                "cpu-lat.524288 1"});
  }
  SECTION("large suffixes") {
    CHECK(points(*parser, block("@usecs: ", {"[1T, 2T) 1", "[1P, 2P) 1", "[4E, 8E) 1"})) ==
          Lines{"cpu-lat.1099511627776 1", "cpu-lat.1125899906842624 1",
                "cpu-lat.4611686018427387904 1"});
  }
  SECTION("several buckets a power of two") {
    CHECK(points(*parser, block("@usecs:", {"[5] 2", "[1280, 1536) 1", "[1280K, 1536K) 3"})) ==
          Lines{"cpu-lat.1280 1", "cpu-lat.1310720 3", "cpu-lat.5 2"});
  }
  SECTION("linear") {
    CHECK(points(*parser, block("@lin: ", {"(..., 0) 1", "[0, 10) 1", "[10, 20) 0", "[50, 60) 1",
                                           "[90, 100) 0", "[100, ...) 2"})) ==
          Lines{"cpu-lat.0 1", "cpu-lat.10 0", "cpu-lat.100 2", "cpu-lat.50 1", "cpu-lat.90 0",
                "cpu-lat.lt_0 1"});
  }
  SECTION("linear, below zero") {
    CHECK(points(*parser, block("@lin: ", {"(..., -20) 3", "[-20, -10) 1", "[-10, 0) 2"})) ==
          Lines{"cpu-lat.-10 2", "cpu-lat.-20 1", "cpu-lat.lt_-20 3"});
  }
  SECTION("linear, with a suffix where a number happens to be a multiple") {
    CHECK(points(*parser, block("@linM: ",
                                {"[620000, 630000) 1", "[630000, 625K) 0", "[625K, 650000) 1"})) ==
          Lines{"cpu-lat.620000 1", "cpu-lat.630000 0", "cpu-lat.640000 1"});
  }
  SECTION("wider than their column") {
    CHECK(points(*parser, block("@big: ", {"[1500000, 1600000) 1"})) == Lines{"cpu-lat.1500000 1"});
    CHECK(points(*parser, {"@big: ", "[1500000, 1600000)12345678 |@@|", ""}) ==
          Lines{"cpu-lat.1500000 12345678"});
  }
}

TEST_CASE("the key of a map becomes an element of the name", "[bpftrace]") {
  const auto parser = bpftrace();
  CHECK(points(*parser, block("@usecs[other proc]: ", {"[4, 8) 1"})) ==
        Lines{"cpu-lat.other_proc.4 1"});
  CHECK(points(*bpftrace(), block("@multi[bpftrace, 32431, x,y]: ", {"[8, 16) 1"})) ==
        Lines{"cpu-lat.bpftrace__32431__x_y.8 1"});
  CHECK(points(*bpftrace(), block("@u[a]: b]:", {"[8, 16) 1"})) == Lines{"cpu-lat.a___b.8 1"});
}

TEST_CASE("the name of a map is an element only where there are several", "[bpftrace]") {
  const auto one = bpftrace(Mode::Interval, {"@usecs"});
  Lines lines = block("@usecs: ", {"[1] 1"});
  const Lines other = block("@reads[sda]: ", {"[1] 2"});
  lines.insert(lines.end(), other.begin(), other.end());
  CHECK(points(*one, lines) == Lines{"cpu-lat.1 1"});
  CHECK(one->counts() == LogLineCounts{3, 3, 0});
  CHECK(points(*bpftrace(Mode::Interval, {"usecs", "reads"}), lines) ==
        Lines{"cpu-lat.reads.sda.1 2", "cpu-lat.usecs.1 1"});
}

TEST_CASE("cumulative counts are sent as what has come since", "[bpftrace]") {
  const auto parser = bpftrace(Mode::Cumulative);
  const Lines second = block("@usecs: ", {"[8, 16) 3", "[16, 32) 1"});
  CHECK(points(*parser, block("@usecs: ", {"[8, 16) 3"})) == Lines{"cpu-lat.8 3"});
  CHECK(points(*parser, second) == Lines{"cpu-lat.16 1", "cpu-lat.8 0"});
  SECTION("what is printed at the end is nothing new") {
    take(*parser, {"", ""});
    CHECK(points(*parser, second) == Lines{"cpu-lat.16 0", "cpu-lat.8 0"});
  }
  SECTION("a count that shrank is of a new run") {
    CHECK(points(*parser, block("@usecs: ", {"[8, 16) 4", "[16, 32) 0"})) ==
          Lines{"cpu-lat.16 0", "cpu-lat.8 4"});
  }
  SECTION("so is a block that lacks a bucket") {
    CHECK(points(*parser, block("@usecs: ", {"[8, 16) 4"})) ==
          Lines{"cpu-lat.16 0", "cpu-lat.8 4"});
  }
  SECTION("and what follows bpftrace's first line, whatever it counts") {
    take(*parser, {"Attaching 3 probes..."});
    CHECK(points(*parser, block("@usecs: ", {"[8, 16) 9", "[16, 32) 9"})) ==
          Lines{"cpu-lat.16 9", "cpu-lat.8 9"});
  }
  SECTION("keys count for themselves") {
    CHECK(points(*parser, block("@usecs[a]: ", {"[8, 16) 1"})) ==
          Lines{"cpu-lat.16 0", "cpu-lat.8 0", "cpu-lat.a.8 1"});
  }
}

TEST_CASE("what is printed at the end is not counted twice", "[bpftrace]") {
  const auto parser = bpftrace();
  const Lines last = block("@usecs: ", {"[8, 16) 3"});
  const Lines more = block("@usecs: ", {"[8, 16) 5"});
  take(*parser, last);
  SECTION("the same again") {
    take(*parser, {"", ""});
    CHECK(points(*parser, last) == Lines{"cpu-lat.8 3"});
  }
  SECTION("the same again, after intervals that show that the script clears") {
    take(*parser, more);
    take(*parser, last);
    take(*parser, {"", ""});
    CHECK(points(*parser, last) == Lines{"cpu-lat.8 11"});
  }
  SECTION("the same and what has come since") {
    take(*parser, {"", "", "@qps: 1"});
    CHECK(points(*parser, more) == Lines{"cpu-lat.8 5"});
  }
  SECTION("only what has come since, by a script that clears") {
    take(*parser, block("@usecs: ", {"[8, 16) 1"}));
    take(*parser, {"", ""});
    CHECK(points(*parser, more) == Lines{"cpu-lat.8 9"});
  }
  SECTION("and the next run begins anew") {
    take(*parser, {"", ""});
    take(*parser, last);
    take(*parser, {"Attaching 1 probe..."});
    CHECK(points(*parser, last) == Lines{"cpu-lat.8 6"});
  }
}

TEST_CASE("intervals without events are not the end", "[bpftrace]") {
  // A map that is empty prints a blank line.
  const auto parser = bpftrace();
  const Lines same = block("@usecs: ", {"[8, 16) 1"});
  for (int i = 0; i < 5; ++i) {
    take(*parser, same);
    take(*parser, {"", "", ""});
  }
  take(*parser, block("@usecs: ", {"[4, 8) 1"}));
  CHECK(points(*parser, {}) == Lines{"cpu-lat.4 1", "cpu-lat.8 5"});
}

TEST_CASE("other lines of bpftrace and its scripts say nothing", "[bpftrace]") {
  const auto parser = bpftrace();
  const Lines noise = {"Attaching 3 probes...",
                       "Tracing... Hit Ctrl-C to end.",
                       "2026-11-21 11:44:28",
                       "12:30:15",
                       "@start[0]: 912073411254",
                       "@st: count 2, average 6, total 13",
                       "@str: hello",
                       "[info] something",
                       "{ braces }",
                       "Lost 7 events"};
  CHECK(points(*parser, noise).empty());
  CHECK(parser->counts() == LogLineCounts{0, noise.size(), 0});
}

TEST_CASE("a block counts when it is whole, or has waited for its end", "[bpftrace]") {
  const Mode mode = GENERATE(Mode::Interval, Mode::Cumulative);
  const auto parser = bpftrace(mode);
  const Lines whole = block("@usecs: ", {"[8, 16) 3", "[16, 32) 1"});
  take(*parser, {whole[0], whole[1]}, kLogNow);
  CHECK(flushed(*parser, kSlot, kLogNow + 9000).empty());
  SECTION("whole") {
    take(*parser, {whole[2], whole[3]}, kLogNow + 9000);
    CHECK(sorted(flushed(*parser, kSlot, kLogNow + 9000)) == Lines{"cpu-lat.16 1", "cpu-lat.8 3"});
  }
  SECTION("waited for") {
    CHECK(flushed(*parser, kSlot, kLogNow + 10000) == Lines{"cpu-lat.8 3"});
    CHECK(flushed(*parser, kSlot, kLogNow + 25000) == Lines{"cpu-lat.8 0"});
    take(*parser, {whole[2], whole[3]}, kLogNow + 25000);
    CHECK(sorted(flushed(*parser, kSlot, kLogNow + 25000)) == Lines{"cpu-lat.16 1", "cpu-lat.8 0"});
  }
  SECTION("ended by another") {
    take(*parser, block("@other: ", {"[1] 1"}));
    CHECK(sorted(flushed(*parser)) == Lines{"cpu-lat.1 1", "cpu-lat.8 3"});
  }
}

TEST_CASE("blocks of different files do not mix", "[bpftrace]") {
  const auto parser = bpftrace(Mode::Cumulative);
  const Lines a = block("@usecs: ", {"[8, 16) 3"});
  const Lines b = block("@usecs: ", {"[8, 16) 5"});
  for (std::size_t i = 0; i < a.size(); ++i) {
    parser->take("/a", a[i], kLogNow);
    parser->take("/b", b[i], kLogNow);
  }
  CHECK(flushed(*parser) == Lines{"cpu-lat.8 8"});
}

TEST_CASE("rows that cannot be used are bad", "[bpftrace]") {
  const auto parser = bpftrace();
  const std::string row = GENERATE(
      as<std::string>{}, "[8, 16)    3 |@@@", "[8, 16)    3 ", "[8, 16", "[8, 16)  -3 |@@|",
      "[16, 8)  3 |@@|", "[8, 16)  3 |abc|", "[99999999999999999999]  1 |@|", "(..., x)  1 |@|");
  CHECK(points(*parser, {"@usecs: ", row, "[1]   1 |@@|", ""}) == Lines{"cpu-lat.1 1"});
  CHECK(parser->counts() == LogLineCounts{3, 0, 1});
}

TEST_CASE("rows whose header was not read are bad", "[bpftrace]") {
  const auto parser = bpftrace();
  CHECK(points(*parser, {"[1]   1 |@@|", ""}).empty());
  CHECK(parser->counts() == LogLineCounts{0, 1, 1});
}

TEST_CASE("zeros at the beginning of a truncated file are skipped", "[bpftrace]") {
  const auto parser = bpftrace();
  Lines lines = block("@usecs: ", {"[1] 1"});
  lines.front().insert(0, 5000, '\0');
  CHECK(points(*parser, lines) == Lines{"cpu-lat.1 1"});
}

TEST_CASE("histograms in JSON", "[bpftrace]") {
  const auto parser = bpftrace();
  SECTION("plain") {
    CHECK(points(*parser,
                 {R"({"type": "hist", "data": {"@neg": [{"max": -1, "count": 1}, )"
                  R"({"min": 0, "max": 0, "count": 1}, {"min": 2, "max": 3, "count": 1}]}})"}) ==
          Lines{"cpu-lat.0 1", "cpu-lat.2 1", "cpu-lat.lt_0 1"});
    CHECK(parser->counts() == LogLineCounts{1, 0, 0});
  }
  SECTION("with keys, without blanks") {
    CHECK(points(*parser,
                 {R"({"type":"hist","data":{"@u":{"a b":[{"min":4,"count":1}],"c":[]}}})"}) ==
          Lines{"cpu-lat.a_b.4 1"});
  }
  SECTION("a bucket of 0.17 that has overflown is bad, the others are not") {
    CHECK(points(*parser,
                 {R"({"type": "hist", "data": {"@u": [{"min": 8, "max": 15, "count": 2}, )"
                  R"({"min": -2147483648, "max": 0, "count": 1}]}})",
                  R"({"type": "hist", "data": {"@u": [{"min": 8, "max": 7, "count": 2}]}})"}) ==
          Lines{"cpu-lat.8 2"});
    CHECK(parser->counts() == LogLineCounts{0, 0, 2});
  }
  SECTION("broken") {
    CHECK(points(*parser, {R"({"type": "hist", "data": {"@u": [{"min": 8, "ma)",
                           R"({"type": "hist"})", R"({"type": "hist", "data": {"@u": 5}})",
                           R"({"type": "hist", "data": {"@u": {"k": 5}}})"})
              .empty());
    CHECK(parser->counts() == LogLineCounts{0, 0, 4});
  }
  SECTION("other types") {
    CHECK(points(*parser, {R"({"type": "printf", "data": "[1]   1 |@|"})",
                           R"({"type": "map", "data": {"@cntk": {"a": 1}}})"})
              .empty());
    CHECK(parser->counts() == LogLineCounts{0, 2, 0});
  }
  SECTION("the end is not counted twice") {
    const std::string hist =
        R"({"type": "hist", "data": {"@u": [{"min": 8, "max": 15, "count": 2}]}})";
    CHECK(points(*parser, {R"({"type": "attached_probes", "data": {"probes": 1}})", hist, "", "",
                           hist}) == Lines{"cpu-lat.8 2"});
    CHECK(points(*parser, {R"({"type": "attached_probes", "data": {"probes": 1}})", hist}) ==
          Lines{"cpu-lat.8 2"});
  }
}

TEST_CASE("a captured run with an interval a second", "[bpftrace]") {
  const auto parser = bpftrace();
  CHECK(points(*parser, capture("bpftrace-interval.txt")) ==
        Lines{"cpu-lat.1073741824 5", "cpu-lat.2147483648 10"});
  CHECK(parser->counts().bad == 0);
}

TEST_CASE("a captured run with cumulative counts", "[bpftrace]") {
  const auto parser = bpftrace(Mode::Cumulative);
  CHECK(points(*parser, capture("bpftrace-cumulative.txt")) ==
        Lines{"cpu-lat.1 1", "cpu-lat.16 1", "cpu-lat.2 1", "cpu-lat.4 2", "cpu-lat.8 3"});
  CHECK(parser->counts().bad == 0);
}

TEST_CASE("a captured run with maps of all kinds", "[bpftrace]") {
  const Lines maps = {"neg", "big", "big1", "lin", "linK", "linM", "usecs", "multi"};
  const bool json = GENERATE(false, true);
  const auto parser = bpftrace(Mode::Interval, maps);
  Lines expected = {"cpu-lat.big.1024 1",
                    "cpu-lat.big.1048576 1",
                    "cpu-lat.big.1073741824 1",
                    "cpu-lat.big.512 1",
                    "cpu-lat.big1.1500000 1",
                    "cpu-lat.lin.0 1",
                    "cpu-lat.lin.100 2",
                    "cpu-lat.lin.50 1",
                    "cpu-lat.lin.lt_0 1",
                    "cpu-lat.linK.0 1",
                    "cpu-lat.linK.4096 1",
                    "cpu-lat.linM.620000 1",
                    "cpu-lat.linM.640000 1",
                    "cpu-lat.neg.0 1",
                    "cpu-lat.neg.1 1",
                    "cpu-lat.neg.2 1",
                    "cpu-lat.neg.lt_0 1",
                    "cpu-lat.usecs.bpftrace.16 1",
                    "cpu-lat.usecs.bpftrace.8 1",
                    "cpu-lat.usecs.other_proc.4 1"};
  if (json) {
    expected.emplace_back("cpu-lat.multi.bpftrace_9644_x_y.8 1");
  } else {
    expected.emplace_back("cpu-lat.multi.bpftrace__32431__x_y.8 1");
    expected.emplace_back("cpu-lat.big.2147483648 1");
  }
  Lines found =
      points(*parser, capture(json ? "bpftrace-all-maps.json.txt" : "bpftrace-all-maps.txt"));
  std::erase_if(found, [](const std::string& each) { return each.ends_with(" 0"); });
  CHECK(found == sorted(expected));
  // The bucket that has overflown.
  CHECK(parser->counts().bad == (json ? 1 : 0));
}

TEST_CASE("keys without end take the places of those that are gone", "[bpftrace]") {
  const auto parser = bpftrace();
  std::size_t points_of_last = 0;
  for (int interval = 0; interval < 4; ++interval) {
    for (int key = 0; key < 4000; ++key) {
      take(*parser, block("@u[" + std::to_string(interval * 4000 + key) + "]: ", {"[1] 1"}));
    }
    KeptPoints points;
    parser->flush(kSlot, kLogNow, points);
    points_of_last = points.lines.size();
    CHECK(std::ranges::count_if(
              points.lines, [](const std::string& line) { return line.ends_with(" 1"); }) == 2000);
  }
  CHECK(points_of_last <= 10000);
  CHECK(parser->counts().bad == 4 * 2000);
  CHECK(parser->save().size() < 4'000'000);
}

}  // namespace
}  // namespace carbon_spool
