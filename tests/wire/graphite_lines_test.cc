#include "carbon_spool/wire/graphite_lines.h"

#include <string>

#include <catch2/catch.hpp>

#include "lines.h"
#include "printable.h"

namespace carbon_spool {
namespace {

std::string repeated(std::size_t count, char byte) {
  return std::string(count, byte);
}

/// A line of that many bytes before its LF, good but for its length: a tagged path, which may be
/// long.
std::string line_of(std::size_t bytes, const std::string& end = " 5 1700000003") {
  const std::string head = "a;b=";
  return head + repeated(bytes - head.size() - end.size(), 'x') + end;
}

/// Elements of `element_bytes` and dots, `bytes` in all.
std::string path_of(std::size_t bytes, std::size_t element_bytes) {
  std::string path;
  while (path.size() + element_bytes < bytes) path += repeated(element_bytes, 'e') + '.';
  return path + repeated(bytes - path.size(), 'e');
}

TEST_CASE("path, value and timestamp go through byte for byte", "[wire]") {
  const std::string line = GENERATE(
      as<std::string>(), "servers.web01.cpu 0.5 1700000003", "servers.web01.cpu -0.50 1700000003",
      "servers.web01.cpu +1.20e-3 1700000003", "servers.web01.cpu 5. 1700000003.750",
      "servers.web01.cpu .5 1.7e9", "disk;rack=r1;host=a;host=b 1 1700000003",
      "http{code=\"200\",host=\"a\"} 1 1700000003", "a..b...c 1 1700000003", ".a. 1 1700000003",
      "a/b//c 1 1700000003", "\"quoted\".'x'.\\y 1 1700000003",
      "température.größe.\xf0\x9f\x98\x80 1 1700000003", "\xe2\x80\x8b\xef\xbb\xbf 1 1700000003",
      "a;b 1 1700000003", "5 5 5", "a 0 1", "a 0 01700000003",
      "a 12345678901234567890123456789012345678901234567890 4294967295");
  CHECK(fate(line) == line);
}

TEST_CASE("blanks between fields become one, blanks around them none", "[wire]") {
  const std::string blank =
      GENERATE(as<std::string>(), " ", "\t", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f",
               "\u0085", "\u00a0", "\u1680", "\u2000", "\u2005", "\u200a", "\u2028", "\u2029",
               "\u202f", "\u205f", "\u3000");
  CHECK(fate("a.b" + blank + "5" + blank + "1700000003") == "a.b 5 1700000003");
  CHECK(fate(blank + " a.b " + blank + "5 \t1700000003" + blank + blank) == "a.b 5 1700000003");
  CHECK(fate(blank) == "<no_value>");
}

TEST_CASE("LF and CR LF end a line alike", "[wire]") {
  const Outcome outcome = parse("a 1 1700000001\nb 2 1700000002\r\nc 3\r\n\r\nd 4 1700000004\n");
  CHECK(outcome.lines == "a 1 1700000001\nb 2 1700000002\nc 3 1700000000\nd 4 1700000004\n");
  CHECK(outcome.refused_for(Refusal::NoValue) == 1);
}

TEST_CASE("a point without a timestamp is stamped", "[wire]") {
  const std::string end = GENERATE(as<std::string>(), "", " ", " -1", " -1.0", " -1.999", " -1e0",
                                   " -10e-1", " N", "\tN\r");
  CHECK(fate("a.b 5" + end) == "a.b 5 1700000000");
}

TEST_CASE("a timestamp is a number from 1 to 4294967295", "[wire]") {
  SECTION("good ones stay as they came") {
    const std::string stamp =
        GENERATE(as<std::string>(), "1", "1.0", "01", "1700000003", "+1700000003", "1700000003.",
                 "1700000003.999999", "1.7e9", "17E+8", "4294967295", "4294967295.9",
                 "0000004294967295", "0000000001", "0.99999999999999999999");
    CHECK(fate("a 5 " + stamp) == "a 5 " + stamp);
  }
  SECTION("others are refused") {
    const std::string stamp = GENERATE(
        as<std::string>(), "0", "-0", "0.99", "-0.5", "-2", "-2.0", "4294967296", "9999999999",
        "17000000030", "1e10", "1e999", "-1e999", "1e-999", "nan", "inf", "n", "NN", "now", "0x65",
        "1_700_000_003", "1700000003s", "--1", "1700000003-", "170000000/",
        "170000000:", "4294967295.9999999999", "-1.9999999999999999999", "１");
    CHECK(fate("a 5 " + stamp) == "<bad_timestamp>");
  }
}

TEST_CASE("oldest and newest timestamp are those of the points taken", "[wire]") {
  const Outcome outcome = parse(
      "a 1 1700000005\nb 1 1600000000.75\nc 1 1\x01\nd 1 1800000000\ne 1 0\nf 1 4294967296\n");
  CHECK(outcome.parsed.points == 3);
  CHECK(outcome.parsed.oldest_timestamp == 1'600'000'000);
  CHECK(outcome.parsed.newest_timestamp == 1'800'000'000);

  CHECK(parse("a 1\n").parsed.oldest_timestamp == kNow);
  CHECK(parse("a 1 -1\n").parsed.newest_timestamp == kNow);
}

TEST_CASE("a line is refused under the first reason that holds", "[wire]") {
  const std::string e251 = repeated(251, 'e');
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "<no_value>"},
      {" \t ", "<no_value>"},
      {"a", "<no_value>"},
      {"a.b;c=d ", "<no_value>"},
      {e251, "<no_value>"},
      {"a 5 1700000003 x", "<too_many_fields>"},
      {"a nan 0 x y z", "<too_many_fields>"},
      {"a 5 1700000003 \x01", "<bad_encoding>"},
      {"a\x80", "<bad_encoding>"},
      {e251 + " nan 0", "<path_too_long>"},
      {"a nan 0", "<bad_value>"},
      {"a x", "<bad_value>"},
      {"a 0x10 1700000003", "<bad_value>"},
      {"a 1_000 1700000003", "<bad_value>"},
      {"a inf 1700000003", "<bad_value>"},
      {"a 1e999 1700000003", "<bad_value>"},
      {"a 5 soon", "<bad_timestamp>"},
      {repeated(16385, '\x01'), "<line_too_long>"},
  };
  for (const auto& [line, expected] : table) {
    INFO(line);
    CHECK(fate(line) == expected);
  }
}

TEST_CASE("control bytes and invalid UTF-8 are refused wherever they stand", "[wire]") {
  std::vector<std::string> bad;
  for (int byte = 0; byte < 0x20; ++byte) {
    const bool blank = (byte >= '\t' && byte <= '\r') || byte >= 0x1c;
    if (!blank) bad.push_back(std::string(1, static_cast<char>(byte)));
  }
  bad.push_back("\x7f");
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc3",
                           "\xc3(",
                           "\xe2\x82",
                           "\xe2\x82(",
                           "\xf0\x9f\x98",
                           "\xff",
                           "\xfe",
                           "\xc0\xaf",
                           "\xc1\xbf",
                           "\xe0\x80\xaf",
                           "\xe0\x9f\xbf",
                           "\xf0\x80\x80\xaf",
                           "\xf0\x8f\xbf\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf8\x88\x80\x80\x80"}) {
    bad.emplace_back(text);
  }
  for (const std::string& each : bad) {
    INFO(static_cast<int>(static_cast<unsigned char>(each[0]))
         << " and " << each.size() << " bytes");
    CHECK(fate(each + " 5 1700000003") == "<bad_encoding>");
    CHECK(fate("servers.web01.cpu" + each + "x 5 1700000003") == "<bad_encoding>");
    CHECK(fate("a 5" + each + " 1700000003") == "<bad_encoding>");
    CHECK(fate("a 5 1700000003" + each) == "<bad_encoding>");
  }
  for (const char* good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    const std::string line = std::string("x") + good + " 5 1700000003";
    CHECK(fate(line) == line);
  }
}

TEST_CASE("a line of 16384 bytes is taken, a longer one refused and the next one taken", "[wire]") {
  CHECK(fate(line_of(kMaxLineBytes)) == line_of(kMaxLineBytes));
  CHECK(fate(line_of(kMaxLineBytes - 1) + '\r') == line_of(kMaxLineBytes - 1));
  CHECK(fate(line_of(kMaxLineBytes) + '\r') == "<line_too_long>");
  CHECK(fate(line_of(kMaxLineBytes + 1)) == "<line_too_long>");
  const Outcome outcome = parse(repeated(100'000, 'x') + "\na 5 1700000003\n");
  CHECK(outcome.lines == "a 5 1700000003\n");
  CHECK(outcome.refused_for(Refusal::LineTooLong) == 1);
}

TEST_CASE("no normalised line is longer than carbon takes", "[wire]") {
  CHECK(fate(line_of(kMaxLineBytes - 11, " 5")).size() == kMaxLineBytes);
  CHECK(fate(line_of(kMaxLineBytes - 10, " 5")) == "<line_too_long>");
  CHECK(fate(line_of(kMaxLineBytes - 8, " 5 -1")).size() == kMaxLineBytes);
  CHECK(fate(line_of(kMaxLineBytes - 7, " 5 -1")) == "<line_too_long>");
}

TEST_CASE("a path may have 4000 bytes, an element 250", "[wire]") {
  const auto verdict = [](const std::string& path) {
    const std::string line = path + " 5 1700000003";
    const std::string result = fate(line);
    return result == line ? "taken" : result;
  };
  CHECK(verdict(repeated(250, 'e')) == "taken");
  CHECK(verdict(repeated(251, 'e')) == "<path_too_long>");
  CHECK(verdict("a." + repeated(250, 'e') + ".b") == "taken");
  CHECK(verdict("a." + repeated(251, 'e') + ".b") == "<path_too_long>");
  CHECK(verdict(repeated(250, 'e') + '/' + repeated(250, 'e')) == "taken");
  CHECK(verdict(repeated(250, 'e') + '/' + repeated(251, 'e')) == "<path_too_long>");
  CHECK(verdict(repeated(250, 'e') + '.') == "taken");
  CHECK(verdict(repeated(4000, '.')) == "taken");
  CHECK(verdict(path_of(4000, 250)) == "taken");
  CHECK(verdict(path_of(4001, 250)) == "<path_too_long>");
  // Bytes count, not characters.
  std::string wide;
  for (int i = 0; i < 126; ++i) wide += "é";
  CHECK(verdict(wide) == "<path_too_long>");
}

TEST_CASE("the limits of a path are not for tagged series, whose files carbon names by a hash",
          "[wire]") {
  const std::string path = GENERATE(as<std::string>(), "m;t=" + repeated(251, 'v'),
                                    repeated(251, 'm') + ";t=v", "m;t=" + repeated(5000, 'v'),
                                    repeated(251, 'm') + ";", repeated(251, 'm') + "{t=\"v\"}");
  const std::string line = path + " 5 1700000003";
  CHECK(fate(line) == line);
  CHECK(fate(repeated(251, 'm') + "{t=v} 5 1700000003") == "<path_too_long>");
}

TEST_CASE("every reason has the name that status shows", "[wire]") {
  CHECK(name_of(Refusal::NoValue) == "no_value");
  CHECK(name_of(Refusal::TooManyFields) == "too_many_fields");
  CHECK(name_of(Refusal::BadEncoding) == "bad_encoding");
  CHECK(name_of(Refusal::LineTooLong) == "line_too_long");
  CHECK(name_of(Refusal::PathTooLong) == "path_too_long");
  CHECK(name_of(Refusal::BadValue) == "bad_value");
  CHECK(name_of(Refusal::BadTimestamp) == "bad_timestamp");
  CHECK(name_of(Refusal::Unterminated) == "unterminated");
}

TEST_CASE("both ways of skipping printable bytes stop at the same one", "[wire]") {
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const int byte : {0x00, 0x0a, 0x1f, 0x20, 0x21, 0x7e, 0x7f, 0x80, 0xa0, 0xff}) {
        std::string text(size, 'x');
        if (at < size) text[at] = static_cast<char>(byte);
        const char* const end = text.data() + size;
        const char* const expected = byte > 0x20 && byte < 0x7f ? end : text.data() + at;
        REQUIRE(skip_printable(text.data(), end) == expected);
        REQUIRE(skip_printable_bytewise(text.data(), end) == expected);
      }
    }
  }
}

}  // namespace
}  // namespace carbon_spool
