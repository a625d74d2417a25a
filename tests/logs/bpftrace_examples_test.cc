// The worked examples of bpftrace.md, and the lines that its other sections show; each is named by
// its section there. Rows stand as bpftrace prints them.

#include <algorithm>

#include "log_lines.h"

namespace carbon_spool {
namespace {

using Mode = BpftraceOptions::Mode;

std::unique_ptr<LogParser> bpftrace(Mode mode = Mode::Interval) {
  LogParserOptions options;
  options.format = LogFormat::Bpftrace;
  options.bpftrace.mode = mode;
  return parser_of(options);
}

Lines sorted(Lines lines) {
  std::ranges::sort(lines);
  return lines;
}

/// Of a slot of fifteen seconds; the metric's name, `cpu-lat`, is left out.
Lines points(LogParser& parser, const std::string& text) {
  Lines found;
  for (const std::string& line : points_of(parser, lines_of(text), Seconds(15))) {
    REQUIRE(line.starts_with("cpu-lat."));
    found.push_back(line.substr(7));
  }
  return sorted(found);
}

Lines points(const std::string& text) {
  return points(*bpftrace(), text);
}

const std::string kUsecs = "@usecs: \n";
const std::string kFull = " |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n";
const std::string kEmpty = " |                                                    |\n";
const std::string kHalf = " |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |\n";

TEST_CASE("bpftrace.md 1: what the original client got wrong", "[bpftrace]") {
  CHECK(points(kUsecs + "[2, 4)                 1" + kFull + "\n") == Lines{".2 1"});
  CHECK(points(kUsecs + "[16, 32)              10" + kFull + "\n") == Lines{".16 10"});
  CHECK(points(kUsecs + "[512, 1K)            245" + kFull + "\n") == Lines{".512 245"});
  CHECK(points(kUsecs + "[1K, 2K)               7" + kFull + "\n") == Lines{".1024 7"});
  CHECK(points("Attaching 5 probes...\n").empty());
  CHECK(points("12:30:15\n").empty());
}

TEST_CASE("bpftrace.md 2: labels of each kind and version", "[bpftrace]") {
  for (const char* header : {"@usecs: ", "@usecs:", "@: ", "@:"}) {
    CHECK(points(header + std::string("\n[4, 8)                 3") + kFull + "\n") ==
          Lines{".4 3"});
  }
  for (const char* header : {"@usecs[bash]: ", "@usecs[bash]:"}) {
    CHECK(points(header + std::string("\n[4, 8)                 3") + kFull + "\n") ==
          Lines{".bash.4 3"});
  }
  CHECK(points("@big: \n[1500000, 1600000)12345678" + kFull + "\n") == Lines{".1500000 12345678"});
  CHECK(points("@u:\n[5]                    1" + kFull + "\n") == Lines{".5 1"});
  CHECK(points("@u:\n[1280, 1536)           1" + kFull + "\n") == Lines{".1280 1"});
  CHECK(points("@u: \n[512K, 1M)             1" + kFull + "[512M, 1G)             2" + kFull +
               "[2G, 4G)               3" + kFull + "\n") ==
        Lines{".2147483648 3", ".524288 1", ".536870912 2"});
  CHECK(points("\n\n\n").empty());
}

TEST_CASE("bpftrace.md 3: what else appears in a log", "[bpftrace]") {
  CHECK(points("Attaching 3 probes...\n11:44:28\n@cnt: 0\n@str: hello\n@tup: (1, z)\n"
               "@start[1234]: 913073411254\n@avg: 11\n@st: count 2, average 6, total 13\n"
               "@st[r]: count 1, average 3, total 3\n@stacks[\n    do_idle+12\n    start+3\n]: 7\n")
            .empty());
}

TEST_CASE("bpftrace.md 3: print with a divisor, whose rows may be 0", "[bpftrace]") {
  CHECK(points(kUsecs + "[4, 8)                 0" + kEmpty + "[8, 16)                0" + kEmpty +
               "\n") == Lines{".4 0", ".8 0"});
}

TEST_CASE("bpftrace.md 4: JSON", "[bpftrace]") {
  CHECK(points(R"({"type": "hist", "data": {"@neg": [{"max": -1, "count": 1}, )"
               R"({"min": 0, "max": 0, "count": 1}, {"min": 2, "max": 3, "count": 1}]}})"
               "\n") == Lines{".0 1", ".2 1", ".lt_0 1"});
  CHECK(
      points(R"({"type": "hist", "data": {"@usecs": {"bash": [{"min": 4, "max": 7, "count": 1}], )"
             R"("other proc": [{"min": 8, "count": 2}], "a,b": []}}})"
             "\n\n\n") == Lines{".bash.4 1", ".other_proc.8 2"});
  const auto parser = bpftrace();
  CHECK(points(*parser, R"({"type": "hist", "data": {"@big": )"
                        R"([{"min": -2147483648, "max": 0, "count": 1}]}})")
            .empty());
  CHECK(parser->counts().bad == 1);
}

TEST_CASE("bpftrace.md 5: a log that begins with NUL bytes", "[bpftrace]") {
  CHECK(points(std::string(4096, '\0') + kUsecs + "[4, 8)                 3" + kFull + "\n") ==
        Lines{".4 3"});
}

TEST_CASE("bpftrace.md 7.1: a single block", "[bpftrace]") {
  const std::string small = " |@@@@@                                               |\n";
  CHECK(points(kUsecs + "[1]                    1" + small + "[2, 4)                 1" + small +
               "[16, 32)              10" + kFull + "\n") == Lines{".1 1", ".16 10", ".2 1"});
  CHECK(points(kUsecs + "[1]                    1" + small + "[2, 4)                 1" + small +
               "[4, 8)                 0" + kEmpty + "[8, 16)                0" + kEmpty +
               "[16, 32)              10" + kFull + "\n") ==
        Lines{".1 1", ".16 10", ".2 1", ".4 0", ".8 0"});
}

TEST_CASE("bpftrace.md 7.2: negative, zero and one", "[bpftrace]") {
  CHECK(points("@neg: \n(..., 0)               1" + kFull + "[0]                    1" + kFull +
               "[1]                    1" + kFull + "[2, 4)                 1" + kFull + "\n") ==
        Lines{".0 1", ".1 1", ".2 1", ".lt_0 1"});
}

TEST_CASE("bpftrace.md 7.3: suffixes", "[bpftrace]") {
  CHECK(points(kUsecs + "[512, 1K)              5" + kFull + "[1K, 2K)               4" + kHalf +
               "[512K, 1M)             1" + kHalf + "[1M, 2M)               2" + kHalf +
               "[1G, 2G)               3" + kHalf + "\n") ==
        Lines{".1024 4", ".1048576 2", ".1073741824 3", ".512 5", ".524288 1"});
}

TEST_CASE("bpftrace.md 7.4: linear", "[bpftrace]") {
  std::string text =
      "@lin: \n(..., 0)               1" + kHalf + "[0, 10)                1" + kHalf;
  for (int bound = 10; bound < 100; bound += 10) {
    const std::string label = "[" + std::to_string(bound) + ", " + std::to_string(bound + 10) + ")";
    text +=
        label + std::string(23 - label.size(), ' ') + (bound == 50 ? "1" + kHalf : "0" + kEmpty);
  }
  text += "[100, ...)             2" + kFull + "\n";
  CHECK(points(text) == sorted({".lt_0 1", ".0 1", ".10 0", ".20 0", ".30 0", ".40 0", ".50 1",
                                ".60 0", ".70 0", ".80 0", ".90 0", ".100 2"}));
}

TEST_CASE("bpftrace.md 7.5: linear, with suffixes here and there", "[bpftrace]") {
  CHECK(points("@linM: \n[620000, 630000)       1" + kFull + "[630000, 625K)         0" + kEmpty +
               "[625K, 650000)         1" + kFull + "\n") ==
        Lines{".620000 1", ".630000 0", ".640000 1"});
}

TEST_CASE("bpftrace.md 7.6: a wide label", "[bpftrace]") {
  CHECK(points("@big1: \n[1500000, 1600000)       1" + kFull + "\n") == Lines{".1500000 1"});
}

TEST_CASE("bpftrace.md 7.7: a keyed map", "[bpftrace]") {
  CHECK(points("@usecs[other proc]: \n[4, 8)                 1" + kFull + "\n") ==
        Lines{".other_proc.4 1"});
  CHECK(points("@multi[bpftrace, 32431, x,y]: \n[4, 8)                 1" + kFull + "\n") ==
        Lines{".bpftrace__32431__x_y.4 1"});
}

TEST_CASE("bpftrace.md 7.8: cumulative", "[bpftrace]") {
  const auto parser = bpftrace(Mode::Cumulative);
  const std::string second =
      kUsecs + "[8, 16)                3" + kFull + "[16, 32)               1" + kHalf + "\n";
  CHECK(points(*parser, kUsecs + "[8, 16)                3" + kFull + "\n") == Lines{".8 3"});
  CHECK(points(*parser, second) == Lines{".16 1", ".8 0"});
  CHECK(points(*parser, "\n\n" + second) == Lines{".16 0", ".8 0"});
}

TEST_CASE("bpftrace.md 7.9: noise", "[bpftrace]") {
  CHECK(points("Attaching 3 probes...\nTracing... Hit Ctrl-C to end.\n2026-11-21 11:44:28\n"
               "@start[0]: 912073411254\n@st: count 2, average 6, total 13\n@str: hello\n")
            .empty());
}

}  // namespace
}  // namespace carbon_spool
