#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lines.h"

namespace carbon_spool {
namespace {

TEST_CASE("only whole lines are consumed", "[wire]") {
  const std::string whole = "a 1 1700000001\n\nb 2\n";
  for (const char* rest : {"", "c", "c 3", "c 3 1700000003", "c 3 1700000003\r"}) {
    const Outcome outcome = parse(whole + rest);
    CHECK(outcome.parsed.consumed == whole.size());
    CHECK(outcome.parsed.points == 2);
    CHECK(outcome.refused_lines() == 1);
  }
  CHECK(parse("").parsed.consumed == 0);
  CHECK(parse(std::string(20'000, 'x')).parsed.consumed == 0);
}

TEST_CASE("parsing stops before a line that the room may be too small for", "[wire]") {
  const std::string first = "a 1 1700000001\n";
  const std::string second =
      GENERATE(as<std::string>(), "servers.web01 2 1700000002\n", "servers.web01\t2\t1700000002\n",
               "servers.web01 2\n", "bad\n");
  const std::size_t need = second.size() - 1 + kMaxStampBytes;

  const Outcome enough = parse(first + second, first.size() + need);
  CHECK(enough.parsed.consumed == first.size() + second.size());

  const Outcome short_of_one = parse(first + second, first.size() + need - 1);
  CHECK(short_of_one.parsed.consumed == first.size());
  CHECK(short_of_one.lines == first);
  CHECK(short_of_one.refused_lines() == 0);

  CHECK(parse(first, 0).parsed.consumed == 0);
}

TEST_CASE("a line that is too long needs no room to be refused", "[wire]") {
  const std::string line = std::string(kMaxLineBytes + 1, 'x') + '\n';
  const Outcome outcome = parse(line, 0);
  CHECK(outcome.parsed.consumed == line.size());
  CHECK(outcome.refused_for(Refusal::LineTooLong) == 1);
}

TEST_CASE("nothing is lost when lines go through in rooms of any size", "[wire]") {
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string path =
        "servers.web" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), 'x');
    bytes += i % 5 == 0 ? path + "\t5\n" : path + " 5 1700000003\n";
    expected += path + (i % 5 == 0 ? " 5 1700000000\n" : " 5 1700000003\n");
    if (i % 7 == 0) bytes += "refused\n";
  }
  for (const std::size_t room : {100u, 101u, 150u, 1000u, 4096u}) {
    std::string lines;
    std::uint32_t points = 0;
    std::uint64_t refused = 0;
    std::string_view left = bytes;
    while (!left.empty()) {
      const Outcome outcome = parse(left, room);
      REQUIRE(outcome.parsed.consumed > 0);
      lines += outcome.lines;
      points += outcome.parsed.points;
      refused += outcome.refused_lines();
      left.remove_prefix(outcome.parsed.consumed);
    }
    CHECK(lines == expected);
    CHECK(points == 200);
    CHECK(refused == 29);
  }
}

TEST_CASE("good lines are taken next to bad ones, and the last bad one is shown", "[wire]") {
  const std::string bytes = "a 1 1700000001\nbad1\nb 2 1700000002\nbad2 x 1\r\nc 3 1700000003\n";
  std::string room(bytes.size() + 100, '\0');
  RefusalCounts refused{};
  refused[static_cast<std::size_t>(Refusal::BadValue)] = 7;
  std::string_view last;
  const ParsedLines parsed = parse_lines(bytes, room, kNow, refused, &last);
  CHECK(parsed.points == 3);
  CHECK(room.substr(0, parsed.written) == "a 1 1700000001\nb 2 1700000002\nc 3 1700000003\n");
  CHECK(refused[static_cast<std::size_t>(Refusal::NoValue)] == 1);
  CHECK(refused[static_cast<std::size_t>(Refusal::BadValue)] == 8);
  CHECK(last == "bad2 x 1\r");
  CHECK(last.data() == bytes.data() + bytes.find("bad2"));
}

TEST_CASE("a refused line is not shown where none was refused", "[wire]") {
  std::string room(100, '\0');
  RefusalCounts refused{};
  std::string_view last = "as before";
  CHECK(parse_lines("a 1 1700000001\n", room, kNow, refused, &last).points == 1);
  CHECK(last == "as before");
}

TEST_CASE("the last line of a datagram needs no newline", "[wire]") {
  const auto parse_last = [](std::string_view text, RefusalCounts& refused) {
    const std::vector<char> line(text.begin(), text.end());
    std::vector<char> room(std::min(line.size(), kMaxLineBytes) + kMaxStampBytes);
    const ParsedLines parsed = parse_line({line.data(), line.size()}, room, kNow, refused);
    CHECK(parsed.consumed == line.size());
    return std::string(room.data(), parsed.written);
  };
  RefusalCounts refused{};
  CHECK(parse_last("a 1 1700000001", refused) == "a 1 1700000001\n");
  CHECK(parse_last("a 1 1700000001\r", refused) == "a 1 1700000001\n");
  CHECK(parse_last("a 1", refused) == "a 1 1700000000\n");
  CHECK(refused == RefusalCounts{});

  CHECK(parse_last("a", refused).empty());
  CHECK(parse_last("a 1 1700000001\xe2\x82", refused).empty());
  CHECK(parse_last(std::string(kMaxLineBytes + 1, 'x'), refused).empty());
  CHECK(refused[static_cast<std::size_t>(Refusal::NoValue)] == 1);
  CHECK(refused[static_cast<std::size_t>(Refusal::BadEncoding)] == 1);
  CHECK(refused[static_cast<std::size_t>(Refusal::LineTooLong)] == 1);
}

TEST_CASE("a stamp may be any second of Whisper's range", "[wire]") {
  for (const std::uint32_t now : {std::uint32_t{1}, std::uint32_t{UINT32_MAX}}) {
    std::string room(3 + kMaxStampBytes, '\0');
    RefusalCounts refused{};
    const ParsedLines parsed = parse_lines("a 1\n", room, now, refused);
    CHECK(room.substr(0, parsed.written) == "a 1 " + std::to_string(now) + "\n");
    CHECK(parsed.oldest_timestamp == now);
    CHECK(parsed.newest_timestamp == now);
  }
}

}  // namespace
}  // namespace carbon_spool
