#include "metric_name.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

std::string clean(std::string_view name) {
  std::string room;
  return std::string(cleansed(name, room));
}

std::string normal(std::string_view name) {
  std::string room;
  return std::string(normalized(name, room));
}

// What carbon-c-relay 3.7.3 sent; compare_carbon_c_relay.py compares many more.
TEST_CASE("names are cleansed as carbon-c-relay does it", "[route]") {
  CHECK(clean("a.b-c_d:e#9.Z") == "a.b-c_d:e#9.Z");
  CHECK(clean("a/b.(c) d%") == "a_b._c__d_");
  CHECK(clean("gr\xc3\xb6\xc3\x9f"
              "e") == "gr____e");
  CHECK(clean("..a...b.") == "a.b");
  CHECK(clean(".%.") == "_");
  CHECK(clean("") == "");
}

TEST_CASE("of tags only dots are cleansed", "[route]") {
  CHECK(clean("a;b=\xc3\xb6/x%") == "a;b=\xc3\xb6/x%");
  CHECK(clean("a.;b=..;c=x..y") == "a.;b=.;c=x.y");
  CHECK(clean("a%..;b=.") == "a_.;b=.");
}

TEST_CASE("a name of dots alone is left as it is", "[route]") {
  CHECK(clean("...") == "...");
}

TEST_CASE("tags are put in order as carbon does it", "[route]") {
  CHECK(normal("a.b") == "a.b");
  CHECK(normal("m;b=2;a=1") == "m;a=1;b=2");
  CHECK(normal("m;a=1;a=2") == "m;a=2");
  CHECK(normal("m;a=1;a-b=2") == "m;a-b=2;a=1");
  CHECK(normal("~~m;b=x=y;name=other") == "m;b=x=y");
  CHECK(normal("~m") == "m");
  CHECK(normal("m{b=\"2\",a=\"x.y\"}") == "m;a=x.y;b=2");
  CHECK(normal("m{a=\"q\\\"\\\\\":,b=\"1\"}") == "m;a=q\"\\;b=1");
  CHECK(normal("m{a=\"1\",}") == "m{a=\"1\",}");
}

TEST_CASE("a name whose tags carbon cannot read is left as it is", "[route]") {
  const std::string name =
      GENERATE(as<std::string>(), "m;", "m;b", "m;=1", "m;b=", "m;b=~x", "m;b!=1;a=1", "m;b^=1",
               ";b=1;a=1", "~;b=1", "m{a=\"\"}", "{a=\"1\"}", "m{a=\"~\"}", "m{n{a=\"1\"}",
               "m{a=\"1\"b=\"2\"}", "m{a=\"\\x\"}", "m{=\"1\"}", "m{a=\"1\",\"}", "m{b=\"x;y\"}");
  CHECK(normal(name) == name);
}

TEST_CASE("a name ends where its tags begin", "[route]") {
  CHECK(without_tags("a.b;c=d;e=f") == "a.b");
  CHECK(without_tags("a.b") == "a.b");
}

}  // namespace
}  // namespace carbon_spool
