#include "supply_plan.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

const std::string kThree = R"(
[[input]]
listen = ["tcp://127.0.0.1:0"]
[[destination]]
name = "a"
address = "tcp://a:1"
[[destination]]
name = "b"
address = "tcp://b:1"
start = "oldest"
[[destination]]
name = "c"
address = "tcp://c:1"
)";

std::string sources_of(const SupplyPlan& supply) {
  std::string text;
  for (const PlannedSource& each : supply.sources) {
    text += (text.empty() ? "" : "; ") + each.reader;
    if (each.share) text += "/" + std::to_string(*each.share);
    for (const std::string& other : each.while_down) text += " -" + other;
  }
  return text;
}

struct Planned {
  explicit Planned(const std::string& text, const std::set<std::string>& remembered = {})
      : loaded(parse_config(kThree + text, "f")) {
    for (const ConfigError& error : loaded.errors) FAIL_CHECK(to_string(error));
    router = BatchRouter::make(loaded.config.routing, 1 << 20);
    plan = plan_supplies(loaded.config, {router.get(), 7}, remembered);
  }
  [[nodiscard]] const ReaderOptions& reader(const std::string& name) const {
    for (const PlannedReader& each : plan.readers) {
      if (each.name == name) return each.options;
    }
    FAIL("no reader " << name);
    return plan.readers.front().options;
  }

  LoadedConfig loaded;
  std::shared_ptr<BatchRouter> router;
  Plan plan;
};

TEST_CASE("without clusters each destination has a reader of its own", "[daemon]") {
  const Planned planned("");
  REQUIRE(planned.plan.readers.size() == 3);
  CHECK(planned.plan.takers.empty());
  CHECK(sources_of(planned.plan.supplies[1]) == "b");
}

TEST_CASE("members that share a reader have none of their own, unless one is remembered",
          "[daemon]") {
  const std::string cluster = "[[cluster]]\nname = 'eu'\nselect = 'balance'\nmembers = ['a', 'b']";
  const Planned planned(cluster);
  CHECK(planned.plan.readers.size() == 2);
  CHECK(sources_of(planned.plan.supplies[0]) == "eu");
  CHECK(sources_of(planned.plan.supplies[1]) == "eu");
  CHECK(sources_of(planned.plan.supplies[2]) == "c");
  CHECK_FALSE(planned.plan.supplies[0].has_own);
  CHECK(planned.reader("eu").start == ReaderStart::Oldest);
  const Planned remembered(cluster, {"a"});
  CHECK(sources_of(remembered.plan.supplies[0]) == "a; eu");
}

TEST_CASE("a failover takes only while those before it are down", "[daemon]") {
  const Planned planned("[[cluster]]\nname = 'eu'\nselect = 'failover'\nmembers = ['c', 'a', 'b']");
  CHECK(sources_of(planned.plan.supplies[2]) == "eu");
  CHECK(sources_of(planned.plan.supplies[0]) == "eu -c");
  CHECK(sources_of(planned.plan.supplies[1]) == "eu -c -a");
}

TEST_CASE("each member of any_of has a share, and those of the others while they are down",
          "[daemon]") {
  const Planned planned("[[cluster]]\nname = 'eu'\nselect = 'any_of'\nmembers = ['a', 'b', 'c']");
  CHECK(sources_of(planned.plan.supplies[1]) == "eu/0 -a; eu/1; eu/2 -c");
  CHECK(planned.reader("eu").division == Division{3, true, "7"});
}

TEST_CASE("whoever stands in takes shares of the member's own reader", "[daemon]") {
  const Planned planned(
      "[[cluster]]\nname = 'eu'\non_member_down = 'reroute_after:5m'\nmembers = ['a', 'b', 'c']");
  CHECK(planned.reader("a").division == Division{2, false, "7"});
  CHECK(sources_of(planned.plan.supplies[0]) ==
        "a; a/0; a/1; b/0 -b; b/1 -b -c; c/0 -c; c/1 -c -b");
  CHECK(planned.plan.supplies[0].reroute_after == Milliseconds(300'000));
}

}  // namespace
}  // namespace carbon_spool
