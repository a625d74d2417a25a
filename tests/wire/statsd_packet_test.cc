#include "carbon_spool/wire/statsd_packet.h"

#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

std::string text_of(const StatsdValue& value) {
  std::ostringstream text;
  text << value.name << ' ';
  switch (value.type) {
    case StatsdType::Counter:
      text << "counter " << value.number;
      break;
    case StatsdType::Timer:
      text << "timer " << value.number;
      break;
    case StatsdType::Gauge:
      text << "gauge " << (value.has_sign() ? "by " : "") << value.number;
      break;
    case StatsdType::Set:
      text << "set '" << value.text << "'";
      break;
  }
  if (value.weight != 1) text << " times " << value.weight;
  return text.str();
}

struct Read {
  std::vector<std::string> values;
  std::uint64_t lines = 0;
  std::uint64_t bad = 0;
};

Read read(std::string_view packet, const StatsdSyntax& syntax = {}) {
  StatsdReader reader(syntax);
  reader.begin(packet);
  Read found;
  StatsdValue value;
  while (reader.next(value)) found.values.push_back(text_of(value));
  found.lines = reader.lines();
  found.bad = reader.bad();
  return found;
}

using Values = std::vector<std::string>;

TEST_CASE("each type is read, with its sample rate", "[statsd]") {
  CHECK(read("a:1|c").values == Values{"a counter 1"});
  CHECK(read("a:1|c|@0.1").values == Values{"a counter 1 times 10"});
  CHECK(read("a:320|ms|@0.5").values == Values{"a timer 320 times 2"});
  CHECK(read("a:7|g").values == Values{"a gauge 7"});
  CHECK(read("a:-7|g").values == Values{"a gauge by -7"});
  CHECK(read("a:+7|g").values == Values{"a gauge by 7"});
  CHECK(read("a:x y|s").values == Values{"a set 'x y'"});
  CHECK(read("a:|s").values == Values{"a set '0'"});
}

TEST_CASE("a packet has lines, a line values", "[statsd]") {
  const Read found = read("a:1|c:2|c:5|ms\n\nb:1|c\n");
  CHECK(found.values == Values{"a counter 1", "a counter 2", "a timer 5", "b counter 1"});
  CHECK(found.lines == 2);
  CHECK(found.bad == 0);
}

TEST_CASE("a bad value costs no other one, and the last bad line is told", "[statsd]") {
  StatsdReader reader({});
  reader.begin("a:x|c:2|c\nnocolon\nb:1|c");
  StatsdValue value;
  REQUIRE(reader.next(value));
  CHECK(text_of(value) == "a counter 2");
  REQUIRE(reader.next(value));
  CHECK(text_of(value) == "b counter 1");
  CHECK_FALSE(reader.next(value));
  CHECK(reader.bad() == 2);
  CHECK(reader.last_bad() == "nocolon");
}

TEST_CASE("what StatsD finds bad is bad", "[statsd]") {
  for (const char* line :
       {"nocolon", "onlyname:", "badval:abc|c", "badtype:1", "negms:-5|ms", "srneg:1|c|@-1",
        "srbad:1|c|0.1", "emptyc:|c", "nanv:NaN|c", "third:1|c|", "comma:1,5|c", "g:|g", "a:1|c|@",
        "time:1|c|T1700000000", "_e{1,1}:a|b"}) {
    INFO(line);
    const Read found = read(line);
    CHECK(found.values.empty());
    CHECK(found.bad == 1);
  }
}

TEST_CASE("a rate that StatsD dies of is bad", "[statsd]") {
  for (const char* line : {"a:1|c|@+0.5", "a:1|c|@ 0.5", "a:1|c|@Infinity"}) {
    INFO(line);
    CHECK(read(line).bad == 1);
  }
}

TEST_CASE("types are taken without the blanks around them; others are counters", "[statsd]") {
  CHECK(read("a:1|g\r").values == Values{"a gauge 1"});
  CHECK(read("a:-5| ms ").values == Values{"a timer -5"});
  CHECK(read("a:10|h\na:10|zz\na:1|").values ==
        Values{"a counter 10", "a counter 10", "a counter 1"});
}

TEST_CASE("names are sanitised", "[statsd]") {
  CHECK(read("a  b/c:1|c").values == Values{"a_b-c counter 1"});
  CHECK(read("we!ird$na@me:1|c").values == Values{"weirdname counter 1"});
  CHECK(read("a\xc2\xa0\xe2\x80\x83"
             "b\xc3\xa9\xff:1|c")
            .values == Values{"a_b counter 1"});
  CHECK(read("a b/\xc3\xa9:1|c", {.sanitize_names = false}).values ==
        Values{"a b/\xc3\xa9 counter 1"});
}

TEST_CASE("tags become a part of the name", "[statsd]") {
  CHECK(read("t:1|c|#env:prod,host:a").values == Values{"t;env=prod;host=a counter 1"});
  CHECK(read("t:1|c|@0.5|#u:http://x/y,flag").values ==
        Values{"t;u=http--x-y;flag counter 1 times 2"});
  CHECK(read("t:1|c|#a;b:c:d;e").values == Values{"t;a_b=cd;e counter 1"});
  CHECK(read("t:1|c|#").values == Values{"t counter 1"});
  CHECK(read("t:1|c|#,").values == Values{"t;; counter 1"});
  CHECK(read("t|#k:v:1|c").bad == 1);
}

TEST_CASE("DogStatsD's ways are a setting", "[statsd]") {
  const StatsdSyntax dogstatsd{.dogstatsd = true};
  CHECK(read("a:1:2:3|c").values == Values{"a counter 3"});
  CHECK(read("a:1:2:3|c").bad == 2);
  CHECK(read("a:1:2:3|ms|@0.5:4|g", dogstatsd).values ==
        Values{"a timer 1 times 2", "a timer 2 times 2", "a timer 3 times 2", "a gauge 4"});
  CHECK(read("a:1:x:3|c", dogstatsd).bad == 1);
  CHECK(read("a:1:2:3", dogstatsd).bad == 3);
  CHECK(read("a:1|c:2:3", dogstatsd).bad == 2);
  CHECK(read("a:1|h\na:2|d", dogstatsd).values == Values{"a timer 1", "a timer 2"});
  CHECK(read("a:1|c|#k:v|c:container", dogstatsd).values == Values{"a;k=v counter 1"});
  CHECK(read("a:1|c|#k:v|c:container").values == Values{"a;k=vccontainer counter 1"});
}

TEST_CASE("a reader forgets the packet before", "[statsd]") {
  StatsdReader reader({});
  StatsdValue value;
  reader.begin("a:1|c:2|c");
  REQUIRE(reader.next(value));
  reader.begin("b:x|c");
  CHECK_FALSE(reader.next(value));
  CHECK(reader.lines() == 1);
  reader.begin("");
  CHECK_FALSE(reader.next(value));
  CHECK(reader.lines() == 0);
  CHECK(reader.bad() == 0);
  CHECK(reader.last_bad().data() == nullptr);
}

}  // namespace
}  // namespace carbon_spool
