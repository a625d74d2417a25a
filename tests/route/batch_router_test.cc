#include "carbon_spool/route/batch_router.h"

#include <algorithm>
#include <thread>

#include <catch2/catch.hpp>

#include "routing.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kCacheBytes = 1 << 20;

/// A batch that is not of a queue.
class LinesBatch : public Batch {
 public:
  LinesBatch(std::uint64_t sequence, std::string lines) : text_(std::move(lines)) {
    points_ = static_cast<std::uint64_t>(std::ranges::count(text_, '\n'));
    lines_ = text_;
    range_ = {{Sequence{sequence}, 0, 0}, {Sequence{sequence + 1}, points_, text_.size()}};
  }

 private:
  const std::string text_;
};

BatchPtr batch_of(std::string lines, std::uint64_t sequence = 1) {
  return std::make_shared<LinesBatch>(sequence, std::move(lines));
}

std::shared_ptr<BatchRouter> router_of(RoutingOptions options) {
  CompiledRouting compiled = compile_routing(std::move(options));
  for (const RoutingError& error : compiled.errors) FAIL_CHECK(to_string(error));
  REQUIRE(compiled.table);
  return BatchRouter::make(compiled.table, kCacheBytes);
}

RoutingOptions three() {
  RoutingOptions options;
  for (const char* name : {"a", "b", "c"}) {
    RouteDestination destination;
    destination.name = name;
    destination.host = name;
    options.destinations.push_back(destination);
  }
  return options;
}

RouteOptions route(std::vector<std::string> match, std::vector<std::string> to) {
  RouteOptions options;
  options.match = std::move(match);
  options.to = std::move(to);
  return options;
}

struct Fates {
  std::uint64_t wanted = 0;
  std::uint64_t dropped = 0;
};

Fates fates_of(BatchSelector& selector, const BatchPtr& batch) {
  const std::vector<LineFate> fates = selector.fates(batch);
  CHECK(fates.size() == batch->points());
  Fates counts;
  for (const LineFate each : fates) {
    if (each == LineFate::Wanted) ++counts.wanted;
    if (each == LineFate::Dropped) ++counts.dropped;
  }
  return counts;
}

std::string selected(BatchRouter& router, std::uint32_t destination, const BatchPtr& batch) {
  const auto selector = router.selector_for(destination);
  if (!selector) return std::string(batch->lines());
  const BatchSelector::Selected chosen = selector->select(batch, {});
  const Fates fates = fates_of(*selector, batch);
  CHECK(fates.wanted == (chosen.batch ? chosen.batch->points() : 0));
  CHECK(fates.dropped == chosen.dropped);
  return chosen.batch ? std::string(chosen.batch->lines()) : "";
}

TEST_CASE("without anything to share out nothing is looked at", "[route]") {
  RoutingOptions options = three();
  options.destinations[2].prefix = "x.";
  const auto router = router_of(options);
  CHECK(router->selector_for(0) == nullptr);
  CHECK(router->selector_for(2) != nullptr);
  CHECK(selected(*router, 2, batch_of("p 1 1\nq 2 2\n")) == "x.p 1 1\nx.q 2 2\n");
}

TEST_CASE("nothing is chosen of a batch without lines", "[route]") {
  RoutingOptions options = three();
  options.routes = {route({}, {"a"})};
  const auto router = router_of(options);
  CHECK_FALSE(router->selector_for(0)->select(batch_of(""), {}).batch);
  CHECK(router->selector_for(0)->fates(batch_of("")).empty());
}

TEST_CASE("each destination gets its lines, byte for byte but for the name", "[route]") {
  RoutingOptions options = three();
  options.routes = {route({"^one"}, {"a", "b"}), route({"^secret"}, {"drop"}), route({}, {"b"})};
  options.rewrites.push_back({"^old\\.", "one.", RewriteOptions::When::Before});
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("one.x 1.50 7\nsecret 1 2\nold.y -0 1700000000.5\nz 3 4\n");
  CHECK(selected(*router, 0, batch) == "one.x 1.50 7\none.y -0 1700000000.5\n");
  CHECK(selected(*router, 1, batch) == "one.x 1.50 7\none.y -0 1700000000.5\nz 3 4\n");
  CHECK(selected(*router, 2, batch).empty());
  const auto chosen = router->selector_for(0)->select(batch, {});
  CHECK(chosen.batch->points() == 2);
  CHECK(chosen.batch->range() == batch->range());
  CHECK(chosen.dropped == 1);
  CHECK(router->selector_for(2)->select(batch, {}).dropped == 1);
  CHECK(router->selector_for(2)->select(batch, {}).batch == nullptr);
}

TEST_CASE("a batch of which a destination gets everything as it is, is not copied", "[route]") {
  RoutingOptions options = three();
  options.routes = {route({"^one"}, {"a"})};
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("one.x 1 7\none.y 2 7\n");
  CHECK(router->selector_for(0)->select(batch, {}).batch == batch);
}

TEST_CASE("a cleansed name goes where it is asked for, the one that came elsewhere", "[route]") {
  RoutingOptions options = three();
  ClusterOptions cluster;
  cluster.name = "eu";
  cluster.members = {"b"};
  cluster.cleanse = true;
  options.clusters = {cluster};
  options.routes = {route({}, {"a", "eu"})};
  options.destinations[1].prefix = "p.";
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("odd$name 1 2\n");
  CHECK(selected(*router, 0, batch) == "odd$name 1 2\n");
  CHECK(selected(*router, 1, batch) == "p.odd_name 1 2\n");
}

TEST_CASE("every point of a hashed cluster is somebody's, whoever asks first", "[route]") {
  RoutingOptions options = three();
  ClusterOptions cluster;
  cluster.name = "eu";
  cluster.members = {"a", "b", "c"};
  options.clusters = {cluster};
  const auto router = router_of(options);
  std::vector<BatchPtr> batches;
  for (std::uint64_t sequence = 1; sequence <= 40; ++sequence) {
    std::string lines;
    for (int i = 0; i < 200; ++i) {
      lines += "m." + std::to_string(sequence) + '.' + std::to_string(i) + " 1 1\n";
    }
    batches.push_back(batch_of(lines, sequence));
  }
  std::vector<std::uint64_t> points(3);
  std::vector<std::thread> readers;
  for (std::uint32_t destination = 0; destination < 3; ++destination) {
    readers.emplace_back([&, destination] {
      const auto selector = router->selector_for(destination);
      for (const BatchPtr& batch : batches) {
        // As one that reads from the disk: a batch of its own.
        const auto chosen = selector->select(
            batch_of(std::string(batch->lines()), batch->range().begin.sequence.value), {});
        if (chosen.batch) points[destination] += chosen.batch->points();
      }
    });
  }
  for (std::thread& each : readers) each.join();
  CHECK(points[0] + points[1] + points[2] == 8000);
  for (const std::uint64_t each : points) CHECK(each > 0);
}

std::string selected_by(const std::shared_ptr<BatchSelector>& selector, const BatchPtr& batch,
                        Share share) {
  const BatchSelector::Selected chosen = selector->select(batch, share);
  const std::uint64_t points = chosen.batch ? chosen.batch->points() : 0;
  CHECK(fates_of(*selector, batch).wanted >= points + chosen.in_other_shares);
  return chosen.batch ? std::string(chosen.batch->lines()) : "";
}

std::string many_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "series." + std::to_string(i) + " 1 1\n";
  return lines;
}

ClusterOptions cluster(Select select, std::vector<std::string> members) {
  ClusterOptions options;
  options.name = "eu";
  options.select = select;
  options.members = std::move(members);
  return options;
}

TEST_CASE("a cluster alone that balances or fails over gets batches as they are", "[route]") {
  RoutingOptions options = three();
  options.clusters = {cluster(GENERATE(Select::Balance, Select::Failover), {"a", "b"})};
  options.destinations[1].prefix = "b.";
  const auto router = router_of(options);
  CHECK(router->selector_for_cluster(0) == nullptr);
  CHECK(router->selector_for_member(0, 0) == nullptr);
  CHECK(selected_by(router->selector_for_member(0, 1), batch_of("x 1 1\n"), {}) == "b.x 1 1\n");
  CHECK(router->selector_for(2) == nullptr);
  CHECK(selected(*router, 0, batch_of("x 1 1\n")).empty());
}

TEST_CASE("the shares of any_of are its members', and together everything", "[route]") {
  RoutingOptions options = three();
  options.clusters = {cluster(Select::AnyOf, {"a", "b", "c"})};
  const auto router = router_of(options);
  const BatchPtr batch = batch_of(many_lines(1000));
  std::uint64_t points = 0;
  for (std::size_t share = 0; share < 3; ++share) {
    const auto chosen = router->selector_for_member(0, 0)->select(batch, share);
    REQUIRE(chosen.batch);
    CHECK(chosen.batch->points() > 200);
    CHECK(chosen.batch->points() + chosen.in_other_shares == 1000);
    CHECK(chosen.batch->lines() == selected_by(router->selector_for_member(0, 2), batch, share));
    points += chosen.batch->points();
  }
  CHECK(points == 1000);
}

TEST_CASE("a member leaves to its own reader what it gets by name", "[route]") {
  RoutingOptions options = three();
  options.clusters = {cluster(Select::Balance, {"a", "b"})};
  options.routes = {route({"^both"}, {"a"}), route({}, {"eu"})};
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("both 1 1\nx 1 1\n");
  CHECK(selected_by(router->selector_for_member(0, 0), batch, {}) == "x 1 1\n");
  CHECK(selected_by(router->selector_for_member(0, 1), batch, {}) == batch->lines());
  CHECK(selected_by(router->selector_for_cluster(0), batch, {}) == batch->lines());
  CHECK(selected(*router, 0, batch) == "both 1 1\n");
}

TEST_CASE("others stand in for a member as the ring without it says", "[route]") {
  RoutingOptions options = three();
  options.clusters = {cluster(Select::CarbonCh, {"a", "b", "c"})};
  options.clusters[0].reroute_after = Milliseconds(1000);
  const auto router = router_of(options);
  const RoutingTable& table = router->table();
  CHECK(table.stand_ins(0) == std::vector<std::uint32_t>{1, 2});
  CHECK(table.reroute_after(0) == Milliseconds(1000));
  const BatchPtr batch = batch_of(many_lines(1000));
  DecisionScratch scratch;
  std::uint64_t rerouted = 0;
  for (std::size_t share = 0; share < 2; ++share) {
    const std::uint32_t stand_in = table.stand_ins(0)[share];
    const std::string lines = selected_by(router->selector_for_stand_in(0, stand_in), batch, share);
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "series." + std::to_string(i);
      const bool own = table.decide(name, scratch).goes_to(0);
      const bool goes_there =
          table.decide(name, scratch, std::vector<ClusterMember>{{0, 0}}).goes_to(stand_in);
      if (own && goes_there) expected += name + " 1 1\n";
    }
    CHECK(lines == expected);
    rerouted += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  }
  CHECK(rerouted ==
        static_cast<std::uint64_t>(std::ranges::count(selected(*router, 0, batch), '\n')));
}

TEST_CASE("what a member gets by name, too, waits for it all the same", "[route]") {
  RoutingOptions options = three();
  options.clusters = {cluster(Select::CarbonCh, {"a", "b"})};
  options.clusters[0].reroute_after = Milliseconds(1000);
  options.routes = {route({"^own"}, {"a"}), route({}, {"eu"})};
  const auto router = router_of(options);
  CHECK(router->table().stand_ins(0) == std::vector<std::uint32_t>{0, 1});
  CHECK(router->table().stand_ins(1) == std::vector<std::uint32_t>{0});
  CHECK(router->table().stand_ins(2).empty());
  std::string lines = "own 1 1\n" + many_lines(100);
  const BatchPtr batch = batch_of(lines);
  const std::string waits = selected_by(router->selector_for_stand_in(0, 1), batch, 0);
  const std::string goes = selected_by(router->selector_for_stand_in(0, 1), batch, 1);
  CHECK(waits == "own 1 1\n");
  CHECK(std::ranges::count(waits + goes, '\n') ==
        std::ranges::count(selected(*router, 0, batch), '\n'));
}

}  // namespace
}  // namespace carbon_spool
