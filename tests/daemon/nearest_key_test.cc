#include "nearest_key.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

const std::set<std::string> kKnown{"path",          "max_size",        "when_full",   "sync",
                                   "min_free_disk", "confirm_timeout", "backoff_max", "name"};

TEST_CASE("a mistyped key leads to the one that was meant", "[config]") {
  const auto [wrong, meant] = GENERATE(table<std::string, std::string>({
      {"max_sise", "max_size"},
      {"maxsize", "max_size"},
      {"max-size", "max_size"},
      {"MAX_SIZE", "max_size"},
      {"size", "max_size"},
      {"when_ful", "when_full"},
      {"snyc", "sync"},
      {"min_free", "min_free_disk"},
      {"confirm_timeot", "confirm_timeout"},
      {"backof_max", "backoff_max"},
      {"nmae", "name"},
  }));
  CAPTURE(wrong);
  CHECK(nearest_key(wrong, kKnown) == meant);
}

TEST_CASE("a key that resembles none leads nowhere", "[config]") {
  const std::string wrong = GENERATE("colour", "x", "", "please_keep_everything");
  CAPTURE(wrong);
  CHECK(nearest_key(wrong, kKnown) == std::nullopt);
}

TEST_CASE("where no key is known none is near", "[config]") {
  CHECK(nearest_key("path", {}) == std::nullopt);
}

}  // namespace
}  // namespace carbon_spool
