#include "plain_lines.h"

#include <algorithm>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {
namespace {

/// What runs came to, and the lines between them.
struct Taken {
  std::string plain;
  std::uint32_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;
  std::vector<std::string> others;

  friend bool operator==(const Taken&, const Taken&) = default;
};

/// `text` ends in LF.
Taken take(const std::string& text, MarkBytes marker, std::size_t room = SIZE_MAX / 2) {
  const std::vector<char> bytes(text.begin(), text.end());
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  PlainLines lines({at, bytes.size()}, marker);
  Taken taken;
  while (at != end) {
    const PlainRun run = lines.run_at(at, room);
    taken.plain.append(at, run.end);
    taken.points += run.points;
    taken.oldest_timestamp = std::min(taken.oldest_timestamp, run.oldest_timestamp);
    taken.newest_timestamp = std::max(taken.newest_timestamp, run.newest_timestamp);
    at = run.end;
    if (at == end) break;
    const char* const newline = std::find(at, end, '\n');
    taken.others.emplace_back(at, newline);
    at = newline + 1;
  }
  return taken;
}

bool is_taken(const std::string& line) {
  std::optional<bool> taken;
  for (const MarkBytes marker : byte_markers()) {
    const bool each = take(line + '\n', marker).points == 1;
    REQUIRE(taken.value_or(each) == each);
    taken = each;
  }
  return *taken;
}

TEST_CASE("a line of a path, a short decimal value and ten digits is plain", "[wire]") {
  for (const char* value : {"1", "-1", "0.5", "-0.5", "12345.678", "1.", "-1."}) {
    CHECK(is_taken("servers.web01.load " + std::string(value) + " 1700000003"));
  }
  CHECK(is_taken(std::string(kMaxElementBytes, 'p') + " 1 1700000003"));
  CHECK(is_taken("p;a=b " + std::string(48, '9') + " 1700000003"));
  CHECK(is_taken("p 1 0100000000"));
  CHECK(is_taken("p 1 4199999999"));
}

TEST_CASE("a line that is anything else is not", "[wire]") {
  for (const char* value : {"", "-", ".", "-.", ".5", "-.5", "+1", "1-", "1.2.3", "--1", "1e5",
                            "nan", "1:", "1/", "1,5", "1-.5"}) {
    CHECK_FALSE(is_taken("p " + std::string(value) + " 1700000003"));
  }
  for (const char* stamp : {"", "N", "-1", "170000000", "17000000030", "1700000003.5", "17000000:3",
                            "-700000003", "1700/00003", "0000000000", "0099999999", "4200000000"}) {
    CHECK_FALSE(is_taken("p 1 " + std::string(stamp)));
  }
  for (const char* line :
       {"", " ", "p", "p 1", " 1 1700000003", "p  1 1700000003", "p 1  1700000003",
        "p 1 1700000003 ", "p 1 1700000003\r", "p\t1 1700000003", "p 1\t1700000003",
        "p\xc3\xa4 1 1700000003", "p\x7f 1 1700000003", "p 1 1700000003 4"}) {
    CHECK_FALSE(is_taken(line));
  }
  CHECK_FALSE(is_taken(std::string(kMaxElementBytes + 1, 'p') + " 1 1700000003"));
  CHECK_FALSE(is_taken("p " + std::string(49, '9') + " 1700000003"));
  CHECK_FALSE(is_taken(std::string(10'000, 'p') + " 1 1700000003"));
}

TEST_CASE("a run knows its oldest and newest timestamp", "[wire]") {
  const std::string text = "a 1 1700000009\nb 1 1700000003\nc 1 1799999999\nd 1 1700000004\n";
  for (const MarkBytes marker : byte_markers()) {
    const Taken taken = take(text, marker);
    CHECK(taken.points == 4);
    CHECK(taken.oldest_timestamp == 1'700'000'003);
    CHECK(taken.newest_timestamp == 1'799'999'999);
  }
}

TEST_CASE("a run ends where timestamps are years from its own", "[wire]") {
  const std::string text = "a 1 1700000009\nb 1 1600000003\n";
  PlainLines lines(text);
  const PlainRun run = lines.run_at(text.data(), text.size() * 2);
  CHECK(run.points == 1);
  CHECK(run.newest_timestamp == 1'700'000'009);
  const PlainRun next = lines.run_at(run.end, text.size() * 2);
  CHECK(next.points == 1);
  CHECK(next.oldest_timestamp == 1'600'000'003);
}

TEST_CASE("lines are plain or not wherever they are among others", "[wire]") {
  const std::regex plain(R"([!-~]{1,250} -?[0-9]+(\.[0-9]*)? 17[0-9]{8})");
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string bytes = "0123456789.- \tp:/\xc3\x7f";
  for (int round = 0; round < 20; ++round) {
    std::string text;
    Taken expected;
    for (int i = 0; i < 200; ++i) {
      std::string line = std::string(1 + random() % (random() % 9 == 0 ? 260 : 60), 'p') +
                         (random() % 4 == 0 ? " -" : " ") + std::to_string(random() % 100'000) +
                         (random() % 2 == 0 ? "." + std::to_string(random() % 100) : "") + " 17" +
                         std::to_string(10'000'000 + random() % 90'000'000);
      const std::size_t first_two = line.size() - 10;
      const std::size_t changed = random() % line.size();
      // A run's timestamps share their first two digits.
      const bool may_change = changed != first_two && changed != first_two + 1;
      if (may_change && random() % 4 == 0) line[changed] = bytes[random() % bytes.size()];
      text += line + '\n';
      if (std::regex_match(line, plain)) {
        expected.plain += line + '\n';
        ++expected.points;
        const auto stamp = static_cast<std::uint32_t>(std::stoul(line.substr(line.rfind(' '))));
        expected.oldest_timestamp = std::min(expected.oldest_timestamp, stamp);
        expected.newest_timestamp = std::max(expected.newest_timestamp, stamp);
      } else {
        expected.others.push_back(line);
      }
    }
    for (const MarkBytes marker : byte_markers()) REQUIRE(take(text, marker) == expected);
  }
}

}  // namespace
}  // namespace carbon_spool
