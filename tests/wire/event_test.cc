#include "carbon_spool/wire/event.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'250;

std::string line_of(std::string_view json) {
  const EventReading reading = read_event(json, kNow);
  INFO(reading.why);
  REQUIRE(reading.line);
  return reading.line->text;
}

TEST_CASE("an event becomes one line of JSON", "[event]") {
  CHECK(line_of(R"( {"what":"a", "tags":["x","y"], "data":"1\n2", "when":5, "other":1} )") ==
        R"({"what":"a","tags":"x y","data":"1\n2","when":5})"
        "\n");
  CHECK(line_of(R"({"what":"a","tags":"x  y","when":5.5})") ==
        R"({"what":"a","tags":"x  y","data":"","when":5.5})"
        "\n");
  CHECK(line_of(R"({"what":7,"data":{"k":[1]},"tags":null,"when":0})") ==
        R"({"what":"7","data":{"k":[1]},"when":0})"
        "\n");
}

TEST_CASE("an event without a time gets that of its arrival, with its fraction", "[event]") {
  CHECK(line_of(R"({"what":"a"})") == R"({"what":"a","data":"","when":1700000000.25})"
                                      "\n");
  CHECK(read_event(R"({"what":"a"})", kNow).line->timestamp == 1'700'000'000);
}

TEST_CASE("what graphite-web or its database would fail on is refused", "[event]") {
  const auto [json, reason] = GENERATE(table<std::string, Refusal>({
      {"", Refusal::BadEvent},
      {"nothing", Refusal::BadEvent},
      {"[]", Refusal::BadEvent},
      {R"({"tags":"x"})", Refusal::BadEvent},
      {R"({"what":null})", Refusal::BadEvent},
      {R"({"what":["a"]})", Refusal::BadEvent},
      {R"({"what":"a\u0000"})", Refusal::BadEvent},
      {"{\"what\":\"\xff\"}", Refusal::BadEvent},
      {R"({"what":"a","tags":5})", Refusal::BadEvent},
      {R"({"what":"a","tags":["x",5]})", Refusal::BadEvent},
      {R"({"what":"a","data":null})", Refusal::BadEvent},
      {R"({"what":"a","when":null})", Refusal::BadTimestamp},
      {R"({"what":"a","when":"5"})", Refusal::BadTimestamp},
      {R"({"what":"a","when":-1})", Refusal::BadTimestamp},
      {R"({"what":"a","when":1e300})", Refusal::BadTimestamp},
      {R"({"what":"a","when":4294967296})", Refusal::BadTimestamp},
      {R"({"what":")" + std::string(256, 'x') + "\"}", Refusal::BadEvent},
      {R"({"what":"a","tags":")" + std::string(256, 'x') + "\"}", Refusal::BadEvent},
      {R"({"what":"a","data":)" + std::string(40'000, '['), Refusal::BadEvent},
      {R"({"what":"a","data":")" + std::string(kMaxEventBytes, 'x') + "\"}",
       Refusal::EventTooLarge},
  }));
  CAPTURE(json.substr(0, 60));
  const EventReading reading = read_event(json, kNow);
  CHECK_FALSE(reading.line);
  CHECK(reading.reason == reason);
  CHECK_FALSE(reading.why.empty());
}

TEST_CASE("255 characters are counted, not their bytes", "[event]") {
  std::string what;
  for (int i = 0; i < 255; ++i) what += "ü";
  CHECK(read_event(make_event(what, {}, "", std::nullopt), kNow).line);
}

TEST_CASE("the command's event is read back as it was", "[event]") {
  CHECK(line_of(make_event("w \"x\"", {"a", "b"}, "d\te", 1700000000.0)) ==
        R"({"what":"w \"x\"","tags":"a b","data":"d\te","when":1700000000})"
        "\n");
}

TEST_CASE("an event is found by what graphite-web shows of it", "[event]") {
  const EventIdentity event =
      identity_of(line_of(R"({"what":"a","tags":"y x y","data":"d","when":1700000000.75})"));
  const auto count = [&](const std::string& answer) { return count_stored(event, answer).value(); };
  const std::string same = R"({"when":1700000000,"what":"a","data":"d","tags":["x","y"],"id":1})";
  CHECK(count("[]") == 0);
  CHECK(count("[" + same + "]") == 1);
  CHECK(count("[" + same + "," + same + "]") == 2);
  CHECK(count(R"([{"when":1700000001,"what":"a","data":"d","tags":["x","y"]}])") == 0);
  CHECK(count(R"([{"when":1700000000,"what":"b","data":"d","tags":["x","y"]}])") == 0);
  CHECK(count(R"([{"when":1700000000,"what":"a","data":"e","tags":["x","y"]}])") == 0);
  CHECK(count(R"([{"when":1700000000,"what":"a","data":"d","tags":["x"]}])") == 0);
  CHECK_FALSE(count_stored(event, ""));
  CHECK_FALSE(count_stored(event, "<html>"));
  CHECK_FALSE(count_stored(event, R"([{"id":1}])"));
}

TEST_CASE("data that is no string is not compared", "[event]") {
  const EventIdentity event = identity_of(line_of(R"({"what":"a","data":{"k":1},"when":5})"));
  CHECK(count_stored(event, R"([{"when":5,"what":"a","data":"{'k': 1}","tags":[]}])").value() == 1);
}

}  // namespace
}  // namespace carbon_spool
