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

/// One that is an own share is written without the condition that it is down.
std::string sources_of(const SupplyPlan& supply, const std::string& of) {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  for (const PlannedSource& each : supply.sources) {
    std::string while_down;
    for (const std::string& other : each.while_down) while_down += " -" + other;
    if (!each.shares) {
      add(each.reader + while_down);
      continue;
    }
    for (std::size_t share = 0; share < each.shares->size(); ++share) {
      const PlannedKeeper& keeper = (*each.shares)[share];
      if (keeper.whose == PlannedKeeper::Whose::Nobody) continue;
      std::string source = each.reader + "/" + std::to_string(share) + while_down;
      const bool others = keeper.whose == PlannedKeeper::Whose::Named && keeper.name != of;
      if (others) source += " -" + keeper.name;
      add(source);
    }
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
  CHECK(sources_of(planned.plan.supplies[1], "b") == "b");
}

TEST_CASE("members that share a reader have none of their own; one that is there is handed over",
          "[daemon]") {
  const std::string cluster = "[[cluster]]\nname = 'eu'\nselect = 'balance'\nmembers = ['a', 'b']";
  const Planned planned(cluster);
  CHECK(planned.plan.readers.size() == 2);
  CHECK(sources_of(planned.plan.supplies[0], "a") == "eu");
  CHECK(sources_of(planned.plan.supplies[1], "b") == "eu");
  CHECK(sources_of(planned.plan.supplies[2], "c") == "c");
  CHECK_FALSE(planned.plan.supplies[0].has_own);
  CHECK(planned.reader("eu").start == ReaderStart::Oldest);
  const Planned remembered(cluster, {"a"});
  CHECK(sources_of(remembered.plan.supplies[0], "a") == "eu");
  REQUIRE(remembered.plan.hand_overs.size() == 1);
  CHECK(remembered.plan.hand_overs[0].from == "a");
  CHECK(remembered.plan.hand_overs[0].to == "eu");
  CHECK(planned.plan.hand_overs.empty());
}

TEST_CASE("a failover takes only while those before it are down", "[daemon]") {
  const Planned planned("[[cluster]]\nname = 'eu'\nselect = 'failover'\nmembers = ['c', 'a', 'b']");
  CHECK(sources_of(planned.plan.supplies[2], "c") == "eu");
  CHECK(sources_of(planned.plan.supplies[0], "a") == "eu -c");
  CHECK(sources_of(planned.plan.supplies[1], "b") == "eu -c -a");
}

TEST_CASE("each member of any_of has a share, and those of the others while they are down",
          "[daemon]") {
  const Planned planned("[[cluster]]\nname = 'eu'\nselect = 'any_of'\nmembers = ['a', 'b', 'c']");
  CHECK(sources_of(planned.plan.supplies[1], "b") == "eu/0 -a; eu/1; eu/2 -c");
  CHECK(planned.reader("eu").division == Division{3, true, "7"});
}

TEST_CASE("whoever stands in takes shares of the member's own reader", "[daemon]") {
  const Planned planned(
      "[[cluster]]\nname = 'eu'\non_member_down = 'reroute_after:5m'\nmembers = ['a', 'b', 'c']");
  CHECK(planned.reader("a").division == Division{2, false, "7"});
  CHECK(sources_of(planned.plan.supplies[0], "a") ==
        "a; a/0; a/1; b/0 -b; b/1 -b -c; c/0 -c; c/1 -c -b");
  CHECK(planned.plan.supplies[0].reroute_after == Milliseconds(300'000));
}

TEST_CASE("what must wait for a member is for nobody else", "[daemon]") {
  const Planned planned(
      "[[cluster]]\nname = 'eu'\non_member_down = 'reroute_after:5m'\nmembers = ['a', 'b', 'c']\n"
      "[[route]]\nto = ['a', 'eu']");
  CHECK(planned.reader("a").division == Division{3, false, "7"});
  CHECK(sources_of(planned.plan.supplies[1], "b") ==
        "b; a/1 -a; a/2 -a -c; b/0; b/1; c/0 -c -a; c/1 -c");
}

TEST_CASE("shares are told once for all members, and plans are compared by what is in them",
          "[daemon]") {
  const std::string cluster = "[[cluster]]\nname = 'eu'\nselect = 'any_of'\nmembers = ['a', 'b']";
  const Planned one(cluster);
  const Planned same(cluster);
  const Planned other("[[cluster]]\nname = 'eu'\nselect = 'any_of'\nmembers = ['a', 'b', 'c']");
  CHECK(one.plan.supplies[0].sources[0].shares == one.plan.supplies[1].sources[0].shares);
  CHECK(one.plan.supplies[0] == same.plan.supplies[0]);
  CHECK_FALSE(one.plan.supplies[0] == other.plan.supplies[0]);
}

}  // namespace
}  // namespace carbon_spool
