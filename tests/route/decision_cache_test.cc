#include "carbon_spool/route/decision_cache.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <random>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "routing.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

// Counted, in this whole program.
void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace carbon_spool {
namespace {

RoutingOptions some_routing() {
  RoutingOptions options;
  options.destinations = places(8);
  options.clusters = {cluster_of("ring", Select::CarbonCh, {"a", "b", "c", "d"}, 2),
                      cluster_of("jump", Select::JumpFnv1aCh, {"e", "f", "g"}),
                      cluster_of("any", Select::AnyOf, {"a", "h"})};
  options.clusters[0].cleanse = true;
  options.routes = {route_to({"drop"}, {"7$"}), route_to({"ring", "h"}, {"web[0-4]"}),
                    route_to({"jump", "any"})};
  options.rewrites = {rewrite("cpu3", "processor%3"),
                      rewrite("^x", "y", RewriteOptions::When::After)};
  return options;
}

std::string series(std::uint32_t i) {
  return (i % 3 == 0 ? "x" : "servers") + std::string(".web") + std::to_string(i) + ".cpu" +
         std::to_string(i % 11);
}

TEST_CASE("a cache decides as its table does, whatever it has room for", "[route]") {
  const auto table = compiled(some_routing());
  const std::uint32_t count = GENERATE(100u, 2'000u, 20'000u);
  DecisionCache cache(table, DecisionCache::kMinBytes);
  std::mt19937 random(count);
  for (std::uint32_t n = 0; n < 60'000; ++n) {
    const std::string name = series(static_cast<std::uint32_t>(random() % count));
    REQUIRE(described(cache.decide(name), table->options(), name) == decided(*table, name));
    DecisionScratch scratch;
    REQUIRE(cache.decide(name).cleansed_name == table->decide(name, scratch).cleansed_name);
  }
  CHECK(cache.hits() + cache.misses() == 120'000);
}

TEST_CASE("names of every length are decided, also those not worth keeping", "[route]") {
  const auto table = compiled(some_routing());
  DecisionCache cache(table, DecisionCache::kMinBytes);
  std::mt19937 random(1);
  for (int n = 0; n < 20'000; ++n) {
    const std::string name(1 + (n % 50 == 0 ? random() % 100'000 : random() % 2000), 'x');
    REQUIRE(described(cache.decide(name), table->options(), name) == decided(*table, name));
  }
}

TEST_CASE("what fits is all hits from the second time on, and a hit does not allocate", "[route]") {
  const auto table = compiled(some_routing());
  DecisionCache cache(table, 4 << 20);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < 20'000; ++i) names.push_back(series(i));
  for (const std::string& name : names) static_cast<void>(cache.decide(name));
  CHECK(cache.misses() == 20'000);
  const std::uint64_t missed_twice = 20'000 - cache.series();
  CHECK(missed_twice < 200);  // the few that met in full buckets

  const std::uint64_t before = allocations;
  std::size_t targets = 0;
  for (const std::string& name : names) targets += cache.decide(name).targets.size();
  const std::uint64_t after = allocations;
  CHECK(targets > 20'000);
  CHECK(cache.misses() - 20'000 < 2 * missed_twice + 1);
  if (missed_twice == 0) CHECK(after == before);

  const std::string& known = names.back();
  static_cast<void>(cache.decide(known));
  const std::uint64_t before_hits = allocations;
  const std::uint64_t hits = cache.hits();
  for (int i = 0; i < 1000; ++i) static_cast<void>(cache.decide(known));
  CHECK(allocations == before_hits);
  CHECK(cache.hits() == hits + 1000);
}

TEST_CASE("series that are asked for stay, whatever comes by once", "[route]") {
  const auto table = compiled(some_routing());
  DecisionCache cache(table, 1 << 20);
  std::vector<std::string> often;
  for (std::uint32_t i = 0; i < 200; ++i) often.push_back("often." + series(i));
  std::uint32_t once = 0;
  const auto round = [&] {
    std::uint64_t missed = cache.misses();
    for (const std::string& name : often) static_cast<void>(cache.decide(name));
    missed = cache.misses() - missed;
    for (int i = 0; i < 500; ++i) static_cast<void>(cache.decide("once." + series(once++)));
    return missed;
  };
  CHECK(round() == 200);
  std::uint64_t missed = 0;
  for (int i = 0; i < 200; ++i) missed += round();
  CHECK(missed < 200 * 200 / 20);
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_CASE("series beyond its bound do not make a cache grow", "[route]") {
  constexpr std::size_t kBound = 16 << 20;
  const char* whole_length = std::getenv("CARBON_SPOOL_LONG");
  const std::uint32_t count = whole_length != nullptr ? 10'000'000 : 1'000'000;
  const auto table = compiled(some_routing());
  const std::size_t before = resident_bytes();
  DecisionCache cache(table, kBound);
  CHECK(resident_bytes() - before < kBound / 2);
  std::string name;
  for (std::uint32_t i = 0; i < count; ++i) {
    name = "distinct.";
    name += series(i);
    static_cast<void>(cache.decide(name));
  }
  CHECK(cache.misses() == count);
  CHECK(cache.series() > 100'000);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Something for RE2's automaton, which has a bound of its own.
  CHECK(resident_bytes() - before < kBound + (4 << 20));
#endif
}

TEST_CASE("leaving members out takes effect at once, and is taken back", "[route]") {
  const auto table = compiled(some_routing());
  DecisionCache cache(table, 1 << 20);
  const std::vector<ClusterMember> down = {{1, 5}, {0, 0}};
  const auto compare = [&](const std::vector<ClusterMember>& left_out) {
    for (std::uint32_t i = 0; i < 500; ++i) {
      const std::string name = series(i);
      REQUIRE(described(cache.decide(name), table->options(), name) ==
              decided(*table, name, left_out));
    }
  };
  compare({});
  cache.leave_out(down);
  CHECK(cache.series() == 0);
  compare(down);
  cache.leave_out({down[1], down[0]});
  CHECK(cache.series() > 0);
  compare(down);
  cache.leave_out({});
  compare({});
}

TEST_CASE("names that fill one bucket only make each other miss", "[route]") {
  // The least cache has 64 buckets: of enough names, many meet in each.
  const auto table = compiled({});
  DecisionCache cache(table, 0);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i) REQUIRE(cache.decide(std::to_string(i)).targets.empty());
  }
  CHECK(cache.series() <= DecisionCache::kMinBytes / 64);
}

}  // namespace
}  // namespace carbon_spool
