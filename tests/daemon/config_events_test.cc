#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

const std::string kWeb =
    "[[destination]]\nname='web'\ntype='graphite_events'\naddress='http://g:8080/p'\n";
const std::string kPoints = "[[input]]\n[[destination]]\nname='p'\naddress='tcp://g:2003'\n";
const std::string kEvents = "[[input]]\ntype='events'\n";

/// The only error, or nothing.
std::string error_in(const std::string& text) {
  const LoadedConfig loaded = parse_config(text, "f");
  if (loaded.errors.empty()) return "";
  CHECK(loaded.errors.size() == 1);
  return to_string(loaded.errors.front());
}

TEST_CASE("destinations of events are apart from those of points", "[config]") {
  const LoadedConfig loaded = parse_config(kWeb + kEvents + kPoints, "f");
  REQUIRE(loaded.errors.empty());
  REQUIRE(loaded.config.destinations.size() == 1);
  REQUIRE(loaded.config.event_destinations.size() == 1);
  CHECK(to_string(loaded.config.event_destinations[0].sender.address) == "http://g:8080/p");
  CHECK(error_in(kWeb) == "");
  CHECK(error_in(kWeb + kEvents) == "");
}

TEST_CASE("both queues together keep within max_size", "[config]") {
  const std::string small = "[queue]\nmax_size='31MiB'\n";
  CHECK(error_in(small + kWeb).starts_with("f:2: queue.max_size: expected at least 32MiB"));
  Config config;
  CHECK(point_queue(config, true).max_size + event_queue(config).max_size == config.queue.max_size);
  CHECK(point_queue(config, false).max_size == config.queue.max_size);
}

TEST_CASE("events and points are not mixed up", "[config]") {
  CHECK(error_in(kPoints + kEvents).starts_with("f:5: input[1].type: expected a [[destination]]"));
  CHECK(error_in(kPoints + kWeb + "[[route]]\nto=['web']\n") ==
        "f:10: route[0].to: expected a destination of points, found \"web\", which takes events");
  CHECK(error_in(kPoints + kWeb + kWeb)
            .starts_with("f:9: destination[2].name: expected a name of its own"));
}

}  // namespace
}  // namespace carbon_spool
