#include "carbon_spool/base/units.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

TEST_CASE("sizes are read in binary and in decimal units", "[base]") {
  CHECK(parse_size("0B").value() == 0);
  CHECK(parse_size("4096B").value() == 4096);
  CHECK(parse_size("64KiB").value() == 65536);
  CHECK(parse_size("3MiB").value() == 3 << 20);
  CHECK(parse_size("1GiB").value() == 1 << 30);
  CHECK(parse_size("2TiB").value() == 2ull << 40);
  CHECK(parse_size("1kB").value() == 1000);
  CHECK(parse_size("1KB").value() == 1000);
  CHECK(parse_size("500MB").value() == 500'000'000);
  CHECK(parse_size("5GB").value() == 5'000'000'000);
  CHECK(parse_size("1TB").value() == 1'000'000'000'000);
}

TEST_CASE("what is not a size is refused with what was expected and what was found", "[base]") {
  for (const char* text : {"", "64", "KiB", "64 KiB", " 64KiB", "64KiB ", "-1B", "+1B", "1.5GiB",
                           "64kib", "64Kib", "0x10B", "1GiBB", "unlimited"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
  CHECK(parse_size("64").error().message ==
        R"(expected a size, such as "64KiB", "1GiB" or "500MB", found "64")");
}

TEST_CASE("the largest size is what 63 bits hold", "[base]") {
  CHECK(parse_size("9223372036854775807B").value() == 9223372036854775807ull);
  for (const char* text : {"9223372036854775808B", "8388608TiB", "99999999999999999999B"}) {
    INFO(text);
    REQUIRE_FALSE(parse_size(text));
    CHECK(parse_size(text).error().message ==
          "expected a size of less than 8 EiB, found \"" + std::string(text) + "\"");
  }
}

TEST_CASE("durations are read in each unit", "[base]") {
  CHECK(parse_duration("0s").value() == Milliseconds(0));
  CHECK(parse_duration("200ms").value() == Milliseconds(200));
  CHECK(parse_duration("5s").value() == Milliseconds(5'000));
  CHECK(parse_duration("10m").value() == Milliseconds(600'000));
  CHECK(parse_duration("1h").value() == Milliseconds(3'600'000));
  CHECK(parse_duration("7d").value() == Milliseconds(604'800'000));
}

TEST_CASE("what is not a duration is refused", "[base]") {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "1.5s", "5S", "1h30m", "5us", "36501d",
                           "99999999999999999999s"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK(parse_duration("36500d"));
  CHECK(parse_duration("soon").error().message ==
        R"(expected a duration, such as "200ms", "5s", "10m" or "1h", found "soon")");
}

TEST_CASE("a size is written in the largest binary unit that divides it", "[base]") {
  CHECK(format_size(0) == "0B");
  CHECK(format_size(1000) == "1000B");
  CHECK(format_size(1536) == "1536B");
  CHECK(format_size(65536) == "64KiB");
  CHECK(format_size(67108864) == "64MiB");
  CHECK(format_size(1ull << 30) == "1GiB");
  CHECK(format_size(1ull << 40) == "1TiB");
  for (std::uint64_t bytes : {1ull, 999ull, 1024ull, 123456789ull, 9223372036854775807ull}) {
    CHECK(parse_size(format_size(bytes)).value() == bytes);
  }
}

TEST_CASE("a duration is written in the largest unit that divides it", "[base]") {
  CHECK(format_duration(Milliseconds(0)) == "0s");
  CHECK(format_duration(Milliseconds(1)) == "1ms");
  CHECK(format_duration(Milliseconds(1500)) == "1500ms");
  CHECK(format_duration(Milliseconds(90'000)) == "90s");
  CHECK(format_duration(Milliseconds(60'000)) == "1m");
  CHECK(format_duration(Milliseconds(3'600'000)) == "1h");
  CHECK(format_duration(Milliseconds(172'800'000)) == "2d");
}

TEST_CASE("sizes are described with one decimal, never as 1024 of a unit", "[base]") {
  CHECK(describe_size(0) == "0 B");
  CHECK(describe_size(1023) == "1023 B");
  CHECK(describe_size(1024) == "1.0 KiB");
  CHECK(describe_size(123456789) == "117.7 MiB");
  CHECK(describe_size((1ull << 20) - 1) == "1.0 MiB");
  CHECK(describe_size(1ull << 30) == "1.0 GiB");
  CHECK(describe_size(~0ull) == "16.0 EiB");
}

TEST_CASE("durations are described in their two largest units", "[base]") {
  CHECK(describe_duration(Seconds(-3)) == "0s");
  CHECK(describe_duration(Seconds(0)) == "0s");
  CHECK(describe_duration(Seconds(59)) == "59s");
  CHECK(describe_duration(Seconds(60)) == "1m");
  CHECK(describe_duration(Seconds(61)) == "1m 1s");
  CHECK(describe_duration(Seconds(3723)) == "1h 2m");
  CHECK(describe_duration(Seconds(86400 * 3 + 7200)) == "3d 2h");
}

}  // namespace
}  // namespace carbon_spool
