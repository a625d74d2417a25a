// Names from a stranger through routes, rings and a cache. What must hold of any bytes:
//
//   a cache decides as its table does, the first time and the second;
//   a decision is what its explanation says; nobody is in it twice;
//   what was cleansed stays as it is;
//   no rewrite leaves an empty name, or one that is too long.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/route/decision_cache.h"

namespace carbon_spool {
namespace {

ClusterOptions cluster_of(const char* name, Select select, Flavour flavour, TagHash tag_hash) {
  ClusterOptions cluster;
  cluster.name = name;
  cluster.select = select;
  cluster.flavour = flavour;
  cluster.tag_hash = tag_hash;
  cluster.members = {"a", "b", "c"};
  return cluster;
}

std::shared_ptr<const RoutingTable> make_table() {
  RoutingOptions options;
  for (const char* name : {"a", "b", "c", "d"}) {
    RouteDestination destination;
    destination.name = destination.host = destination.instance = name;
    options.destinations.push_back(destination);
  }
  options.clusters = {cluster_of("relay", Select::CarbonCh, Flavour::CarbonCRelay, TagHash::Name),
                      cluster_of("carbon", Select::Fnv1aCh, Flavour::Carbon, TagHash::Normalized),
                      cluster_of("jump", Select::JumpFnv1aCh, Flavour::CarbonCRelay, TagHash::Full),
                      cluster_of("any", Select::AnyOf, Flavour::CarbonCRelay, TagHash::Normalized)};
  options.clusters[0].cleanse = options.clusters[3].cleanse = true;
  RouteOptions drop;
  drop.match = {"drop$", "[0-9]{5}"};
  drop.exclude = {"keep"};
  drop.to = {"drop"};
  RouteOptions some;
  some.prefixes = {"a.", "b"};
  some.suffixes = {"z"};
  some.to = {"a", "d", "relay"};
  RouteOptions all;
  all.to = {"relay", "carbon", "jump", "any"};
  options.routes = {drop, some, all};
  options.rewrites = {{"^x(.*)y(.*)", "\\2.\\_.1\\^2", RewriteOptions::When::Before},
                      {"^w+$", "", RewriteOptions::When::Before},
                      {"(.)q", "\\1\\1", RewriteOptions::When::After}};
  return compile_routing(std::move(options)).table;
}

std::shared_ptr<const RoutingTable> make_cleansing_table() {
  RoutingOptions options;
  options.cleanse = true;
  return compile_routing(std::move(options)).table;
}

struct Copy {
  std::string name;
  std::string cleansed_name;
  std::vector<Target> targets;
  bool dropped;

  explicit Copy(const Decision& decision)
      : name(decision.name),
        cleansed_name(decision.cleansed_name),
        targets(decision.targets.begin(), decision.targets.end()),
        dropped(decision.dropped) {}
  explicit Copy(const Explanation& explanation)
      : name(explanation.sent_name),
        cleansed_name(explanation.cleansed_name),
        targets(explanation.targets),
        dropped(explanation.dropped) {}

  friend bool operator==(const Copy&, const Copy&) = default;
};

void check(std::string_view text, DecisionCache& cache) {
  // Of the exact size, unlike a string, so that the address sanitizer sees every step beyond.
  const std::vector<char> bytes(text.begin(), text.end());
  const std::string_view name(bytes.data(), bytes.size());
  DecisionScratch scratch;
  const RoutingTable& table = cache.table();
  const Copy decision(table.decide(name, scratch));
  CS_ASSERT(Copy(cache.decide(name)) == decision);
  CS_ASSERT(Copy(cache.decide(name)) == decision);
  const Explanation explanation = table.explain(name);
  CS_ASSERT(Copy(explanation) == decision);
  CS_ASSERT(decision.name == name ||
            (!decision.name.empty() && decision.name.size() <= kMaxRewrittenBytes));
  for (std::size_t i = 1; i < decision.targets.size(); ++i) {
    const Target& before = decision.targets[i - 1];
    const Target& after = decision.targets[i];
    CS_ASSERT(before.kind < after.kind ||
              (before.kind == after.kind && before.index < after.index));
  }
  // What is sent cleansed has nothing left to cleanse.
  if (decision.cleansed_name != decision.name) {
    static const std::shared_ptr<const RoutingTable> kCleansing = make_cleansing_table();
    CS_ASSERT(kCleansing->explain(decision.cleansed_name).sent_name == decision.cleansed_name);
  }
}

}  // namespace
}  // namespace carbon_spool

/// A name a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbon_spool;
  static DecisionCache cache(make_table(), DecisionCache::kMinBytes);
  std::string_view left(reinterpret_cast<const char*>(data), size);
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    check(line, cache);
    left.remove_prefix(std::min(line.size() + 1, left.size()));
  }
  return 0;
}
