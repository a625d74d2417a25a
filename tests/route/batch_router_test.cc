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

std::string selected(BatchRouter& router, std::uint32_t destination, const BatchPtr& batch) {
  const auto selector = router.selector_for(destination);
  if (!selector) return std::string(batch->lines());
  const BatchSelector::Selected chosen = selector->select(batch);
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

TEST_CASE("each destination gets its lines, byte for byte but for the name", "[route]") {
  RoutingOptions options = three();
  options.routes = {route({"^one"}, {"a", "b"}), route({"^secret"}, {"drop"}), route({}, {"b"})};
  options.rewrites.push_back({"^old\\.", "one.", RewriteOptions::When::Before});
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("one.x 1.50 7\nsecret 1 2\nold.y -0 1700000000.5\nz 3 4\n");
  CHECK(selected(*router, 0, batch) == "one.x 1.50 7\none.y -0 1700000000.5\n");
  CHECK(selected(*router, 1, batch) == "one.x 1.50 7\none.y -0 1700000000.5\nz 3 4\n");
  CHECK(selected(*router, 2, batch).empty());
  const auto chosen = router->selector_for(0)->select(batch);
  CHECK(chosen.batch->points() == 2);
  CHECK(chosen.batch->range() == batch->range());
  CHECK(chosen.dropped == 1);
  CHECK(router->selector_for(2)->select(batch).dropped == 1);
  CHECK(router->selector_for(2)->select(batch).batch == nullptr);
}

TEST_CASE("a batch of which a destination gets everything as it is, is not copied", "[route]") {
  RoutingOptions options = three();
  options.routes = {route({"^one"}, {"a"})};
  const auto router = router_of(options);
  const BatchPtr batch = batch_of("one.x 1 7\none.y 2 7\n");
  CHECK(router->selector_for(0)->select(batch).batch == batch);
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
            batch_of(std::string(batch->lines()), batch->range().begin.sequence.value));
        if (chosen.batch) points[destination] += chosen.batch->points();
      }
    });
  }
  for (std::thread& each : readers) each.join();
  CHECK(points[0] + points[1] + points[2] == 8000);
  for (const std::uint64_t each : points) CHECK(each > 0);
}

}  // namespace
}  // namespace carbon_spool
