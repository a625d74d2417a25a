#include "hash_ring.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <catch2/catch.hpp>

#include "metric_hash.h"

namespace carbon_spool {
namespace {

TEST_CASE("hashes are those of the field", "[route]") {
  struct Row {
    const char* key;
    std::uint32_t carbon_ch;
    std::uint32_t fnv1a_ch;
    std::uint32_t fnv1a;
  };
  const Row rows[] = {{"", 54301, 7385, 2166136261u},
                      {"a.b.c.d", 54437, 65284, 866241701u},
                      {"foo.bar", 1273, 58720, 3415486196u},
                      {"hosts.worker1.cpu", 64833, 59573, 2118555379u},
                      {"hosts.worker2.cpu", 38509, 35749, 3601292546u},
                      {"hosts.worker3.cpu", 30404, 12600, 6369625u},
                      {"servers.web01.loadavg.1min", 48288, 35743, 1538183217u}};
  for (const Row& row : rows) {
    INFO(row.key);
    CHECK(md5_position(row.key) == row.carbon_ch);
    CHECK(fnv1a_position(row.key) == row.fnv1a_ch);
    CHECK(fnv1a_32(row.key) == row.fnv1a);
  }
  CHECK(fnv1a_64("") == 14695981039346656037u);
  CHECK(fnv1a_64("a") == 12638187200555641996u);
  CHECK(fnv1a_64("foo.bar") == 12191956528647176724u);
  CHECK(md5_position("('10.0.0.1', None):0") == 46982);
  CHECK(md5_position("('10.0.0.1', None):99") == 2076);
  CHECK(md5_position("('127.0.0.1', 'a'):0") == 24043);
  CHECK(md5_position("('127.0.0.1', 'a'):99") == 29961);
  CHECK(fnv1a_position("0-10.0.0.1:2003") == 49703);
  CHECK(fnv1a_position("1-10.0.0.1:2003") == 34194);
}

std::vector<RingMember> members_of(int count) {
  std::vector<RingMember> members;
  for (int i = 1; i <= count; ++i) members.push_back({"10.0.0." + std::to_string(i), 2003, ""});
  return members;
}

HashRing relay_ring(Select select, std::vector<RingMember> members, std::uint32_t replication = 1) {
  return {select, Flavour::CarbonCRelay, Distinct::Server, replication, std::move(members)};
}

std::vector<std::uint32_t> replicas(const HashRing& ring, std::string_view key,
                                    const std::vector<bool>& left_out = {}) {
  std::vector<std::uint32_t> members;
  ring.replicas(key, left_out, members);
  return members;
}

TEST_CASE("names go where carbon-c-relay sends them", "[route]") {
  using Members = std::vector<std::uint32_t>;
  struct Row {
    const char* key;
    Members carbon_ch;
    Members fnv1a_ch;
    Members jump;
  };
  const Row rows[] = {{"hosts.worker1.cpu", {1, 2}, {2, 1}, {0, 1}},
                      {"hosts.worker2.cpu", {0, 1}, {2, 0}, {2, 1}},
                      {"foo.bar", {2, 0}, {2, 0}, {1, 2}},
                      {"servers.web01.loadavg.1min", {1, 0}, {2, 0}, {0, 1}}};
  for (const Row& row : rows) {
    INFO(row.key);
    CHECK(replicas(relay_ring(Select::CarbonCh, members_of(3), 2), row.key) == row.carbon_ch);
    CHECK(replicas(relay_ring(Select::Fnv1aCh, members_of(3), 2), row.key) == row.fnv1a_ch);
    CHECK(replicas(relay_ring(Select::JumpFnv1aCh, members_of(3), 2), row.key) == row.jump);
  }
}

std::string name_of(int i) {
  return "servers.web" + std::to_string(i) + ".cpu";
}

/// Rings of every kind and flavour, of `count` members, two on each host, with instances.
std::vector<HashRing> every_ring(int count, std::uint32_t replication, Distinct distinct) {
  std::vector<RingMember> members;
  for (int i = 0; i < count; ++i) {
    members.push_back({"10.0.0." + std::to_string(i / 2), 2003, "instance-" + std::to_string(i)});
  }
  std::vector<HashRing> rings;
  for (const Select select : {Select::CarbonCh, Select::Fnv1aCh, Select::JumpFnv1aCh}) {
    for (const Flavour flavour : {Flavour::CarbonCRelay, Flavour::Carbon}) {
      if (select == Select::JumpFnv1aCh && flavour == Flavour::Carbon) continue;
      rings.emplace_back(select, flavour, distinct, replication, members);
    }
  }
  return rings;
}

TEST_CASE("carbon-c-relay's rings do not depend on the order of members", "[route]") {
  const Select select = GENERATE(Select::CarbonCh, Select::Fnv1aCh);
  std::vector<RingMember> members = members_of(60);
  const HashRing ring = relay_ring(select, members, 2);
  std::vector<std::uint32_t> order(members.size());
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  std::vector<RingMember> shuffled;
  for (const std::uint32_t i : order) shuffled.push_back(members[i]);
  const HashRing other = relay_ring(select, shuffled, 2);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint32_t> there = replicas(other, name_of(i));
    for (std::uint32_t& member : there) member = order[member];
    REQUIRE(there == replicas(ring, name_of(i)));
  }
}

TEST_CASE("a jump hash puts members in the order of their instances", "[route]") {
  const std::vector<RingMember> numbered = {{"x", 1, "10"}, {"y", 1, "9"}, {"z", 1, "100"}};
  const std::vector<RingMember> named = {{"x", 1, "b"}, {"y", 1, "a"}, {"z", 1, "c"}};
  const std::vector<RingMember> mixed = {{"x", 1, ""}, {"y", 1, "later"}, {"z", 1, ""}};
  const HashRing plain = relay_ring(Select::JumpFnv1aCh, members_of(3));
  const HashRing by_number = relay_ring(Select::JumpFnv1aCh, numbered);
  const HashRing by_name = relay_ring(Select::JumpFnv1aCh, named);
  const HashRing by_both = relay_ring(Select::JumpFnv1aCh, mixed);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t bucket = replicas(plain, name_of(i)).front();
    const std::uint32_t first_two_swapped = bucket == 0 ? 1 : bucket == 1 ? 0 : 2;
    CHECK(replicas(by_number, name_of(i)).front() == first_two_swapped);
    CHECK(replicas(by_name, name_of(i)).front() == first_two_swapped);
    CHECK(replicas(by_both, name_of(i)).front() == first_two_swapped);
  }
}

TEST_CASE("copies go to as many different servers, or hosts", "[route]") {
  const Distinct distinct = GENERATE(Distinct::Server, Distinct::Host);
  for (const HashRing& ring : every_ring(10, 3, distinct)) {
    CHECK(ring.distinct_members() == (distinct == Distinct::Host ? 5 : 10));
    for (int i = 0; i < 500; ++i) {
      std::vector<std::uint32_t> members = replicas(ring, name_of(i));
      REQUIRE(members.size() == 3);
      if (distinct == Distinct::Host) {
        for (std::uint32_t& member : members) member /= 2;
      }
      std::sort(members.begin(), members.end());
      REQUIRE(std::adjacent_find(members.begin(), members.end()) == members.end());
    }
  }
}

TEST_CASE("leaving members out moves only their share, and evenly", "[route]") {
  const Distinct distinct = GENERATE(Distinct::Server, Distinct::Host);
  const std::uint32_t replication = GENERATE(1u, 2u);
  std::vector<bool> left_out(10);
  left_out[3] = left_out[8] = true;
  for (const HashRing& ring : every_ring(10, replication, distinct)) {
    std::vector<int> gained(10);
    int moved = 0;
    for (int i = 0; i < 5000; ++i) {
      const std::vector<std::uint32_t> before = replicas(ring, name_of(i));
      const std::vector<std::uint32_t> after = replicas(ring, name_of(i), left_out);
      REQUIRE(after.size() == replication);
      for (const std::uint32_t member : before) {
        const bool stays = std::find(after.begin(), after.end(), member) != after.end();
        REQUIRE(stays != left_out[member]);
        moved += stays ? 0 : 1;
      }
      for (const std::uint32_t member : after) {
        REQUIRE(!left_out[member]);
        if (std::find(before.begin(), before.end(), member) == before.end()) ++gained[member];
      }
    }
    CHECK(moved > 200);
    // No member takes more than half of what two of ten left behind.
    CHECK(*std::max_element(gained.begin(), gained.end()) <= moved / 2);
  }
}

TEST_CASE("where too few members are left, points stay with those they belong to", "[route]") {
  for (const HashRing& ring : every_ring(4, 2, Distinct::Server)) {
    const std::vector<bool> all(4, true);
    std::vector<bool> all_but_one = all;
    all_but_one[2] = false;
    for (int i = 0; i < 200; ++i) {
      const std::vector<std::uint32_t> before = replicas(ring, name_of(i));
      CHECK(replicas(ring, name_of(i), all) == before);
      const std::vector<std::uint32_t> after = replicas(ring, name_of(i), all_but_one);
      REQUIRE(after.size() == 2);
      CHECK(after[0] == 2);
      CHECK(after[1] == (before[0] == 2 ? before[1] : before[0]));
    }
  }
}

TEST_CASE("shares add up and are those that names get", "[route]") {
  const Distinct distinct = GENERATE(Distinct::Server, Distinct::Host);
  constexpr int kNames = 40'000;
  for (const HashRing& ring : every_ring(6, 2, distinct)) {
    const std::vector<double> shares = ring.shares();
    CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == Approx(2.0));
    std::vector<int> got(6);
    for (int i = 0; i < kNames; ++i) {
      for (const std::uint32_t member : replicas(ring, name_of(i))) ++got[member];
    }
    for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(shares[i] - got[i] / double{kNames}) < 0.02);
  }
}

TEST_CASE("a member that carbon_ch cannot tell from another has no place of its own", "[route]") {
  const HashRing ring = relay_ring(Select::CarbonCh, {{"h", 1, ""}, {"h", 2, ""}, {"i", 1, ""}});
  CHECK(ring.distinct_members() == 2);
  CHECK(ring.shares()[1] == 0.0);
  CHECK(relay_ring(Select::Fnv1aCh, {{"h", 1, ""}, {"h", 2, ""}}).distinct_members() == 2);
}

}  // namespace
}  // namespace carbon_spool
