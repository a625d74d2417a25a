// What becomes of the items of a pickle that was read: the same as of lines with the same content.

#include <cmath>
#include <limits>

#include "number_text.h"
#include "pickles.h"

namespace carbon_spool {
namespace {

using namespace std::string_literals;

const std::string kTime = "J\x00\xf1\x53\x65"s;  // 1700000000
const std::string kFive = "K\x05";
const std::string kPath = text_opcode("a.b");

std::string real_opcode(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  std::string opcode = "G";
  for (int shift = 56; shift >= 0; shift -= 8) opcode += static_cast<char>(bits >> shift & 0xff);
  return opcode;
}

/// As `fate` of a line, for one item.
std::string fate_of_item(const std::string& item) {
  const Unpickled result = unpickle(pickle_of(item));
  REQUIRE_FALSE(result.refused_whole);
  if (result.points == 1) return result.lines.substr(0, result.lines.size() - 1);
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    if (result.refused[i] == 1)
      return '<' + std::string(name_of(Refusal{static_cast<std::uint8_t>(i)})) + '>';
  }
  return "neither taken nor refused";
}

TEST_CASE("an item fares as a line of the same content", "[pickle]") {
  const std::string path = GENERATE(
      "a.b"s, "a..b."s, "with/slash"s, "quo\"ted"s, "gr\xc3\xbcn.\xf0\x9f\x9a\xa2"s, "tag;b=2;a=1"s,
      "bad\xff"s, "bad\x01"s, "e\xcc\x81"s, "\xed\xa0\x80"s, std::string(250, 'e'),
      std::string(251, 'e'), std::string(300, 'e') + ";a=b", std::string(16'360, 'x') + ";a=b",
      std::string(20'000, 'x'), std::string(3999, '.') + "x", std::string(4000, '.') + "x");
  const std::string value =
      GENERATE("5"s, "-2.5e-3"s, "+7"s, "x"s, "nan"s, "inf"s, "1e999"s, "1_000"s, "0x10"s, "--1"s);
  const std::string timestamp = GENERATE("1700000000"s, "1700000000.75"s, "1.7e9"s, "-1"s, "-1.5"s,
                                         "N"s, "0"s, "4294967295"s, "4294967296"s, "soon"s, "nan"s);
  CAPTURE(path.substr(0, 300), value, timestamp);
  CHECK(fate_of_item(item_of(text_opcode(path), text_opcode(timestamp), text_opcode(value))) ==
        fate(path + ' ' + value + ' ' + timestamp));
}

TEST_CASE("a text that would be several fields of a line, or none, is refused", "[pickle]") {
  const auto [path, timestamp, value, expected] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"a b", "1700000000", "5", "<too_many_fields>"},
          {"a\xc2\xa0"
           "b",
           "1700000000", "5", "<too_many_fields>"},
          {"a.b", "1700000000", "5 6", "<too_many_fields>"},
          {"a.b", "1700000000 1", "5", "<too_many_fields>"},
          {"a.b\n", "1700000000", "5", "<bad_encoding>"},
          {"a.b", "1700000000\n", "5", "<bad_encoding>"},
          {"a.b", "1700000000", "5\nevil 1 1700000000", "<bad_encoding>"},
          {"", "1700000000", "5", "<no_value>"},
          {"  ", "1700000000", "5", "<no_value>"},
          {"a.b", "1700000000", "", "<bad_value>"},
          {"a.b", "", "5", "<bad_timestamp>"},
          {" a.b\t", " 1700000000 ", "\t5 ", "a.b 5 1700000000"},
      }));
  CHECK(fate_of_item(item_of(text_opcode(path), text_opcode(timestamp), text_opcode(value))) ==
        expected);
}

TEST_CASE("numbers are judged as their texts are", "[pickle]") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(fate_of_item(item_of(kPath, kTime, real_opcode(std::nan("")))) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, kTime, real_opcode(infinity))) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, kTime, real_opcode(-infinity))) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, kTime, "N")) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, kTime, "]")) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, kTime, "Fnan\n")) == "<bad_value>");
  CHECK(fate_of_item(item_of(kPath, "N", kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, ")", kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, "K\x00"s, kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, "I-2\n", kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, "I4294967296\n", kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, real_opcode(0.9), kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, real_opcode(4294967296.0), kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, real_opcode(std::nan("")), kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, real_opcode(infinity), kFive)) == "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, "\x8a\x09" + std::string(9, '\x11'), kFive)) ==
        "<bad_timestamp>");
  CHECK(fate_of_item(item_of(kPath, real_opcode(1700000000.0), kFive)) == "a.b 5 1700000000");
  CHECK(fate_of_item(item_of(kPath, real_opcode(1700000000.75), kFive)) == "a.b 5 1700000000.75");
  CHECK(fate_of_item(item_of(kPath, real_opcode(4294967295.5), kFive)) == "a.b 5 4294967295.5");
}

TEST_CASE("a timestamp of -1 is replaced by the time of arrival", "[pickle]") {
  const std::string stamped = "a.b 5 " + std::to_string(kNow);
  CHECK(fate_of_item(item_of(kPath, "J\xff\xff\xff\xff", kFive)) == stamped);
  CHECK(fate_of_item(item_of(kPath, real_opcode(-1), kFive)) == stamped);
  CHECK(fate_of_item(item_of(kPath, real_opcode(-1.5), kFive)) == stamped);
  CHECK(fate_of_item(item_of(kPath, "L-1L\n", kFive)) == stamped);
}

TEST_CASE("what is not (path, (timestamp, value)) is a bad item, and the good beside it is kept",
          "[pickle]") {
  const std::string bad = GENERATE(
      "N"s, "K\x05"s, "S'a.b'\n"s, ")"s, "]"s, "S'a.b'\nK\x01K\x02\x87"s, "S'a.b'\nK\x01\x86"s,
      "S'a.b'\nK\x01K\x02K\x03\x87\x86"s, "S'a.b'\n\x85"s, "S'a.b'\n)\x86"s, "NK\x01K\x02\x86\x86"s,
      "K\x05K\x01K\x02\x86\x86"s, "I5\nK\x01K\x02\x86\x86"s, ")K\x01K\x02\x86\x86"s);
  CAPTURE(bad);
  const std::string good = item_of(kPath, kTime, kFive);
  const Unpickled result = unpickle("](" + good + bad + good + "e.");
  CHECK(result.lines == "a.b 5 1700000000\na.b 5 1700000000\n");
  CHECK(result.refused_for(Refusal::BadItem) == 1);
  CHECK(result.refused_items() == 1);
}

TEST_CASE("the last refused item is described for the log", "[pickle]") {
  const auto described = [](const std::string& item) {
    return unpickle(pickle_of(item)).last_refused;
  };
  CHECK(described(item_of(kPath, kTime, text_opcode("x"))) == "a.b x 1700000000");
  CHECK(described(item_of(kPath, "N", "]")) == "a.b a list None");
  CHECK(described("S'just this'\n") == "just this");
  CHECK(described("I5\n") == "5");
}

TEST_CASE("points are written as room is there, and it makes no difference how much", "[pickle]") {
  std::string pickle = "](";
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string path = "series.number." + std::to_string(i);
    pickle += item_of(text_opcode(path), kTime, i % 7 == 0 ? "N"s : kFive);
    if (i % 7 != 0) expected += path + " 5 1700000000\n";
  }
  pickle += "e.";
  PickleReader reader;
  for (const std::size_t room : {kMaxLineBytes + 1, kMaxLineBytes + 100, std::size_t{1} << 20}) {
    const Unpickled result = unpickle(pickle, reader, room);
    CHECK(result.lines == expected);
    CHECK(result.refused_for(Refusal::BadValue) == 429);
  }
}

TEST_CASE("the longest point there is has room in the least room", "[pickle]") {
  const std::string longest = std::string(kMaxLineBytes - 17, 'x') + ";a=b";
  PickleReader reader;
  const auto lines = [&](const std::string& path, const std::string& timestamp) {
    return unpickle(pickle_of(item_of(text_opcode(path), timestamp, kFive)), reader,
                    kMaxLineBytes + 1);
  };
  CHECK(lines(longest, kTime).lines == longest + " 5 1700000000\n");
  CHECK(lines(longest + "x", kTime).refused_for(Refusal::LineTooLong) == 1);
  CHECK(lines(longest + "x", "I-1\n").refused_for(Refusal::LineTooLong) == 1);
}

TEST_CASE("a real number is written as the shortest text that reads back the same", "[pickle]") {
  const auto [number, text] = GENERATE(table<double, std::string>({
      {0.0, "0"},
      {-0.0, "-0"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {1e-7, "1e-07"},
      {1e6, "1000000"},
      {-123456789012345.0, "-123456789012345"},
      {1e15, "1e+15"},
      {1e22, "1e+22"},
      {9007199254740993.0, "9007199254740992"},
      {1700000000.125, "1700000000.125"},
  }));
  NumberText room;
  CHECK(to_text(number, room) == text);
  CHECK(std::strtod(text.c_str(), nullptr) == number);
}

TEST_CASE("a whole number beyond 64 bits is written in full, as far as a double goes", "[pickle]") {
  NumberText room;
  const auto text = [&](const std::string& bytes) {
    return std::string(big_number_to_text(bytes, room));
  };
  CHECK(text(std::string(8, '\0') + "\x01"s) == "18446744073709551616");
  CHECK(text(std::string(8, '\0') + "\xff"s) == "-18446744073709551616");
  CHECK(text(std::string(12, '\0') + "\x80"s) == "-10141204801825835211973625643008");
  CHECK(text(std::string(500, '\0')) == "0");
  CHECK(text(std::string(500, '\xff')) == "-1");
  CHECK(text("\x05" + std::string(500, '\0')) == "5");
  // 2^1024 - 1 rounds to infinity, which is_finite_decimal sees; 2^1024 is not even tried.
  CHECK(text(std::string(128, '\xff') + "\0"s).size() == 309);
  CHECK(text(std::string(128, '\0') + "\x01"s).empty());
  CHECK(text(std::string(128, '\0') + "\xff"s).empty());
  CHECK(text(std::string(128, '\0') + "\xfe"s).empty());
  const auto value = [](const std::string& bytes) {
    std::string opcode = "\x8a";
    opcode += static_cast<char>(bytes.size());
    return fate_of_item(item_of(kPath, kTime, opcode + bytes));
  };
  CHECK(value(std::string(128, '\xff') + "\0"s) == "<bad_value>");
  CHECK(value(std::string(200, '\x11')) == "<bad_value>");
  CHECK(value(std::string(127, '\0') + "\x7f"s).size() == 308 + 15);
}

}  // namespace
}  // namespace carbon_spool
