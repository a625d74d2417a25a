#include "carbon_spool/wire/javascript_number.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

std::string text_of(double value) {
  NumberRoom room;
  return std::string(javascript_text(value, room));
}

// Made once with node: `Number(text)`, and the number's text.
const std::vector<std::pair<std::string, std::string>> kNumbers = {
    {"0", "0"},
    {"5", "5"},
    {"5.", "5"},
    {".5", "0.5"},
    {"+5", "5"},
    {"-5", "-5"},
    {"00012", "12"},
    {"1e3", "1000"},
    {"1E-3", "0.001"},
    {"1e+3", "1000"},
    {"0x10", "16"},
    {"0X1F", "31"},
    {"0b101", "5"},
    {"0o17", "15"},
    {" 7 ", "7"},
    {"\xc2\xa0"
     "7\xef\xbb\xbf",
     "7"},
    {"\xe2\x80\x89"
     "7",
     "7"},
    {"", "0"},
    {"  ", "0"},
    {"Infinity", "Infinity"},
    {"-Infinity", "-Infinity"},
    {"+Infinity", "Infinity"},
    {"1e21", "1e+21"},
    {"123456789012345678901", "123456789012345680000"},
    {"1e400", "Infinity"},
    {"-1e400", "-Infinity"},
    {"1e-400", "0"},
    {"5e-324", "5e-324"},
    {"2e-324", "0"},
    {"0x20000000000001", "9007199254740992"},
    {"0x20000000000003", "9007199254740996"},
    {"9007199254740993", "9007199254740992"},
    {"0.1", "0.1"},
    {"1e-6", "0.000001"},
    {"1e-7", "1e-7"},
    {"123456.789e-3", "123.456789"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    {"0.000001234", "0.000001234"},
    {"100000000000000000000", "100000000000000000000"},
    {"1e22", "1e+22"},
    {"4.35", "4.35"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"-0", "0"},
    {"0x" + std::string(300, 'f'), "Infinity"}};

// Those of which it said NaN.
const std::vector<std::string> kNotNumbers = {
    "NaN",           "abc", "1,5", "1_000", "0x",  "-0x10", "+0b1",     "--1",
    "+-1",           "1e",  "1e+", ".",     "e5",  "1 2",   "infinity", "inf",
    "-inf",          "nan", "0b2", "0o8",   "0xg", "1.2.3",
    "\xd9\xa1",       // an Arabic one
    "1\xe2\x80\x8b",  // with a blank that is none to JavaScript: U+200B
    "\xff"};

TEST_CASE("numbers are read and written as JavaScript does", "[javascript]") {
  for (const auto& [text, expected] : kNumbers) {
    INFO(text);
    const auto number = javascript_number(text);
    REQUIRE(number);
    CHECK(text_of(*number) == expected);
  }
}

TEST_CASE("what JavaScript takes for no number is none", "[javascript]") {
  for (const std::string& text : kNotNumbers) {
    INFO(text);
    CHECK_FALSE(javascript_number(text));
  }
}

TEST_CASE("the numbers without a digit have names", "[javascript]") {
  CHECK(text_of(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(text_of(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(text_of(-0.0) == "0");
}

TEST_CASE("every number's text fits the room", "[javascript]") {
  CHECK(text_of(-1.2345678901234567e-308).size() <= NumberRoom().size());
  CHECK(text_of(-1.2345678901234567e-6).size() <= NumberRoom().size());
  CHECK(text_of(-123456789012345678901.0).size() <= NumberRoom().size());
}

TEST_CASE("a number of any length is read", "[javascript]") {
  CHECK(text_of(*javascript_number("1" + std::string(60000, '0') + "e-60000")) == "1");
  CHECK(text_of(*javascript_number("0." + std::string(60000, '0') + "1e60001")) == "1");
  CHECK(text_of(*javascript_number("1e" + std::string(60000, '9'))) == "Infinity");
  CHECK(text_of(*javascript_number("1e-" + std::string(60000, '9'))) == "0");
  CHECK(text_of(*javascript_number("0b1" + std::string(60000, '0'))) == "Infinity");
}

TEST_CASE("halves are rounded up, on either side of zero", "[javascript]") {
  CHECK(javascript_round(2.5) == 3);
  CHECK(javascript_round(-2.5) == -2);
  CHECK(javascript_round(0.49999999999999994) == 0);
  CHECK(javascript_round(9007199254740991.0) == 9007199254740991.0);
}

}  // namespace
}  // namespace carbon_spool
