#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// Where points are to go, as a person describes it, whatever file it stands in. Plain values; what
/// is wrong with them is said when they are compiled (`compile_routing`).

/// What routing has to know about one destination.
struct RouteDestination {
  std::string name;
  std::string host;        ///< as written: what carbon_ch hashes; IPv6 without brackets
  std::uint16_t port = 0;  ///< hashed by fnv1a_ch where there is no instance
  std::string instance;    ///< its name in rings; empty: none
  std::string prefix;      ///< put before every name sent there; never hashed

  friend bool operator==(const RouteDestination&, const RouteDestination&) = default;
};

/// How a cluster chooses among its members. The first three are hashed: a point belongs to certain
/// members. The others share one reader: a point goes to whichever member takes it.
enum class Select : std::uint8_t { CarbonCh, Fnv1aCh, JumpFnv1aCh, AnyOf, Balance, Failover };

[[nodiscard]] constexpr bool shares_a_reader(Select select) {
  return select >= Select::AnyOf;
}

/// Whose rings: carbon-c-relay and carbon build them differently (docs/routing.md).
enum class Flavour : std::uint8_t { CarbonCRelay, Carbon };

/// What is hashed of a tagged series `name;tag=value`: the name, all of it as it came, or all of it
/// in carbon's normal form, tags in order.
enum class TagHash : std::uint8_t { Name, Full, Normalized };

/// What the members that get copies of one point must differ in.
enum class Distinct : std::uint8_t { Server, Host };

struct ClusterOptions {
  std::string name;
  Select select = Select::CarbonCh;
  Flavour flavour = Flavour::CarbonCRelay;
  /// Unset: what the flavour's program does. carbon-c-relay: Name; carbon: Full.
  std::optional<TagHash> tag_hash;
  /// Unset: what the flavour's program does. carbon-c-relay: Server; carbon: Host.
  std::optional<Distinct> distinct;
  std::uint32_t replication = 1;  ///< members that get each point; hashed clusters only
  bool cleanse = false;           ///< send names as carbon-c-relay cleanses them
  /// A hashed member that is down for longer: others stand in for it, as the ring says. None: its
  /// points wait for it.
  std::optional<Milliseconds> reroute_after;
  std::vector<std::string> members;  ///< names of destinations; their order matters

  friend bool operator==(const ClusterOptions&, const ClusterOptions&) = default;
};

/// Sends what matches to some destinations and clusters. Routes are looked at in order; without
/// `stop` the later ones see the point too.
struct RouteOptions {
  /// Expressions of RE2, found anywhere in the name.
  std::vector<std::string> match;
  /// Beginnings and ends of names: the same as expressions for them, only cheaper. Any one of
  /// `match`, `prefixes` and `suffixes` is enough; with none at all every point matches.
  std::vector<std::string> prefixes;
  std::vector<std::string> suffixes;
  std::vector<std::string> exclude;  ///< expressions: what one of them finds does not match
  /// Names of destinations and clusters; or `drop` alone: the point goes nowhere from here on.
  std::vector<std::string> to;
  bool stop = false;

  friend bool operator==(const RouteOptions&, const RouteOptions&) = default;
};

/// The one target that is no destination or cluster; it stops.
inline constexpr const char* kDropTarget = "drop";

/// Replaces the first thing that `match` finds in a name. Rewrites are applied in order, each to
/// what the one before left.
struct RewriteOptions {
  enum class When : std::uint8_t {
    Before,  ///< routes and rings see the new name
    After,   ///< only the destination sees it
  };

  std::string match;  ///< RE2
  /// `\0` is all that matched, `\1` … `\9` its groups, `\\` a backslash. As in carbon-c-relay, a
  /// group may be changed: `\_1` to lower case, `\^1` to upper case, `\.1` dots to underscores,
  /// `\_.1` and `\^.1` both.
  std::string replace;
  When when = When::Before;

  friend bool operator==(const RewriteOptions&, const RewriteOptions&) = default;
};

struct RoutingOptions {
  std::vector<RouteDestination> destinations;
  std::vector<ClusterOptions> clusters;
  /// None at all: every point goes to every cluster, and to every destination that is in no
  /// cluster.
  std::vector<RouteOptions> routes;
  std::vector<RewriteOptions> rewrites;
  /// Cleanse every name as carbon-c-relay does, before anything else looks at it. Rings then hash
  /// what rewrites make of it as it is, as there.
  bool cleanse = false;
  /// False: routes and rewrites see only what is before a name's tags, as in carbon-c-relay; the
  /// tags stay behind whatever a rewrite makes of that.
  bool match_tags = true;

  friend bool operator==(const RoutingOptions&, const RoutingOptions&) = default;
};

}  // namespace carbon_spool
