// What it costs to decide where a point goes, in points a second on one core. Workloads, each with
// 100,000 series in random order:
//
//   cached/routes_200     200 routes with expressions, every decision remembered
//   cached/plain          no route, one ring: what the cache itself costs
//   uncached/routes_200   200 routes, nothing remembered
//   uncached/plain        no route, no ring, nothing remembered
//   uncached/ring_…       one hashed cluster of 60 members, two copies
//   explain               200 routes, with reasons, as for the command line

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "carbon_spool/route/decision_cache.h"

#include "sample_lines.h"

namespace carbon_spool {
namespace {

constexpr unsigned kSeries = 100'000;
constexpr std::size_t kCacheBytes = 64 << 20;

RoutingOptions cluster_options(Select select, std::uint32_t members, std::uint32_t replication) {
  RoutingOptions options;
  ClusterOptions cluster;
  cluster.name = "cluster";
  cluster.select = select;
  cluster.replication = replication;
  for (std::uint32_t i = 0; i < members; ++i) {
    RouteDestination destination;
    destination.name = "graphite-" + std::to_string(i);
    destination.host = "10.0.0." + std::to_string(i);
    destination.port = 2003;
    cluster.members.push_back(destination.name);
    options.destinations.push_back(std::move(destination));
  }
  options.clusters.push_back(std::move(cluster));
  return options;
}

/// As a site might have them: by host, by what is measured, a few that exclude.
RoutingOptions with_routes(unsigned count) {
  RoutingOptions options = cluster_options(Select::CarbonCh, 10, 1);
  for (unsigned i = 0; i < count; ++i) {
    RouteOptions route;
    switch (i % 4) {
      case 0:
        route.match = {"^servers\\.dc1\\.web-" + std::to_string(i) + "[0-9]\\."};
        break;
      case 1:
        route.match = {"\\.(cpu|loadavg)\\.[a-z0-9]+" + std::to_string(i) + "$"};
        break;
      case 2:
        route.match = {"^servers\\.[^.]+\\.db" + std::to_string(i) + "\\..*\\.count$",
                       "^apps\\.team" + std::to_string(i) + "\\."};
        break;
      default:
        route.match = {"^stats\\.timers\\..*\\.upper_" + std::to_string(i)};
        route.exclude = {"\\.debug\\."};
    }
    route.to = {i % 2 == 0 ? "graphite-" + std::to_string(i % 10) : "cluster"};
    options.routes.push_back(std::move(route));
  }
  RouteOptions all;
  all.to = {"cluster"};
  options.routes.push_back(std::move(all));
  return options;
}

std::vector<std::string> series() {
  std::vector<unsigned> order(kSeries);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  std::vector<std::string> paths;
  paths.reserve(kSeries);
  for (const unsigned i : order) paths.push_back(sample_path(i));
  return paths;
}

void cached(benchmark::State& state, const RoutingOptions& options) {
  const std::vector<std::string> paths = series();
  DecisionCache cache(compile_routing(options).table, kCacheBytes);
  for (const std::string& path : paths) static_cast<void>(cache.decide(path));
  const std::uint64_t missed = cache.misses();
  for (auto _ : state) {
    for (const std::string& path : paths) benchmark::DoNotOptimize(cache.decide(path).targets);
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.counters["misses"] = static_cast<double>(cache.misses() - missed);
}

void uncached(benchmark::State& state, const RoutingOptions& options) {
  const std::vector<std::string> paths = series();
  const auto table = compile_routing(options).table;
  DecisionScratch scratch;
  for (auto _ : state) {
    for (const std::string& path : paths) {
      benchmark::DoNotOptimize(table->decide(path, scratch).targets);
    }
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
}

void explain(benchmark::State& state) {
  const std::vector<std::string> paths = series();
  const auto table = compile_routing(with_routes(200)).table;
  for (auto _ : state) {
    for (const std::string& path : paths) benchmark::DoNotOptimize(table->explain(path));
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
}

BENCHMARK_CAPTURE(cached, routes_200, with_routes(200));
BENCHMARK_CAPTURE(cached, plain, cluster_options(Select::CarbonCh, 10, 1));
BENCHMARK_CAPTURE(uncached, routes_200, with_routes(200));
BENCHMARK_CAPTURE(uncached, plain, cluster_options(Select::Balance, 10, 1));
BENCHMARK_CAPTURE(uncached, ring_carbon_ch, cluster_options(Select::CarbonCh, 60, 2));
BENCHMARK_CAPTURE(uncached, ring_fnv1a_ch, cluster_options(Select::Fnv1aCh, 60, 2));
BENCHMARK_CAPTURE(uncached, ring_jump_fnv1a_ch, cluster_options(Select::JumpFnv1aCh, 60, 2));
BENCHMARK(explain);

}  // namespace
}  // namespace carbon_spool
