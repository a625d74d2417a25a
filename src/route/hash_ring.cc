#include "hash_ring.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "carbon_spool/base/assert.h"

#include "metric_hash.h"

namespace carbon_spool {
namespace {

/// Entries of one member on a ring: the number that carbon began with.
constexpr int kEntries = 100;
/// Positions that a key can have.
constexpr std::uint32_t kPositions = 65536;

/// A number to its last character, as carbon-c-relay orders the instances of a jump hash by.
std::optional<long long> number(const std::string& text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool jumps_before(const RingMember& a, const RingMember& b) {
  if (a.instance.empty() || b.instance.empty()) return !a.instance.empty() && b.instance.empty();
  const auto x = number(a.instance);
  const auto y = number(b.instance);
  if (x && y) return *x < *y;
  return a.instance < b.instance;
}

/// Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm".
std::uint32_t jump_bucket(std::uint64_t key, std::uint32_t buckets) {
  std::int64_t bucket = -1;
  std::int64_t next = 0;
  while (next < buckets) {
    bucket = next;
    key = key * 2862933555777941757u + 1;
    const double stretch = static_cast<double>(1LL << 31) / static_cast<double>((key >> 33) + 1);
    next = static_cast<std::int64_t>(static_cast<double>(bucket + 1) * stretch);
  }
  return static_cast<std::uint32_t>(bucket);
}

/// xorshift64*: the key of the next replica.
std::uint64_t next_key(std::uint64_t key) {
  key ^= key >> 12;
  key ^= key << 25;
  key ^= key >> 27;
  return key * 2685821657736338717u;
}

}  // namespace

HashRing::HashRing(Select select, Flavour flavour, Distinct distinct, std::uint32_t replication,
                   std::vector<RingMember> members)
    : select_(select),
      flavour_(flavour),
      distinct_(distinct),
      replication_(replication),
      members_(std::move(members)) {
  CS_ASSERT(!members_.empty());
  number_hosts();
  if (select_ == Select::JumpFnv1aCh) {
    order_for_jump();
  } else if (flavour_ == Flavour::CarbonCRelay) {
    place_as_carbon_c_relay();
  } else {
    place_as_carbon();
  }
}

void HashRing::number_hosts() {
  std::vector<std::string> hosts;
  for (const RingMember& member : members_) {
    const auto at = std::find(hosts.begin(), hosts.end(), member.host);
    hosts_.push_back(static_cast<std::uint32_t>(at - hosts.begin()));
    if (at == hosts.end()) hosts.push_back(member.host);
  }
}

std::uint32_t HashRing::position_of(std::string_view text) const {
  return select_ == Select::CarbonCh ? md5_position(text) : fnv1a_position(text);
}

std::string HashRing::entry_key(const RingMember& member, int i) const {
  const std::string number = std::to_string(i);
  if (select_ == Select::CarbonCh) {
    // How Python writes the tuple (host, instance) that carbon hashes.
    const std::string instance = member.instance.empty() ? "None" : '\'' + member.instance + '\'';
    return "('" + member.host + "', " + instance + "):" + number;
  }
  if (!member.instance.empty()) return number + '-' + member.instance;
  if (flavour_ == Flavour::Carbon) return number + "-None";
  return number + '-' + member.host + ':' + std::to_string(member.port);
}

/// Where entries meet, the first of them by host and instance (by port, with fnv1a_ch) owns the
/// position alone, so that the order of the configuration does not matter.
void HashRing::place_as_carbon_c_relay() {
  for (std::uint32_t member = 0; member < members_.size(); ++member) {
    for (int i = 0; i < kEntries; ++i) {
      entries_.push_back({position_of(entry_key(members_[member], i)), member});
    }
  }
  const auto rank = [this](const Entry& entry) {
    const RingMember& member = members_[entry.member];
    return select_ == Select::CarbonCh
               ? std::tuple(entry.position, std::string_view(member.host), member.instance.empty(),
                            std::string_view(member.instance), std::uint16_t{0})
               : std::tuple(entry.position, std::string_view(member.host), false,
                            std::string_view(), member.port);
  };
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return rank(a) < rank(b); });
  const auto same = [](const Entry& a, const Entry& b) { return a.position == b.position; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
}

/// An entry whose position is taken moves up to the next one that is free, in the order of the
/// configuration, if need be beyond the positions that a key can have.
void HashRing::place_as_carbon() {
  std::set<std::uint32_t> taken;
  for (std::uint32_t member = 0; member < members_.size(); ++member) {
    for (int i = 0; i < kEntries; ++i) {
      std::uint32_t position = position_of(entry_key(members_[member], i));
      while (!taken.insert(position).second) ++position;
      entries_.push_back({position, member});
    }
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.position < b.position; });
}

void HashRing::order_for_jump() {
  for (std::uint32_t i = 0; i < members_.size(); ++i) jump_order_.push_back(i);
  std::stable_sort(
      jump_order_.begin(), jump_order_.end(),
      [this](std::uint32_t a, std::uint32_t b) { return jumps_before(members_[a], members_[b]); });
}

std::size_t HashRing::first_entry(std::uint32_t position) const {
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), position,
      [](const Entry& entry, std::uint32_t wanted) { return entry.position < wanted; });
  return at == entries_.end() ? 0 : static_cast<std::size_t>(at - entries_.begin());
}

template <class Visit>
void HashRing::walk(std::size_t first, const Visit& visit) const {
  for (std::size_t i = first; i < entries_.size(); ++i) {
    if (!visit(entries_[i].member)) return;
  }
  for (std::size_t i = 0; i < first; ++i) {
    if (!visit(entries_[i].member)) return;
  }
}

template <class Visit>
void HashRing::jump(std::uint64_t key, const Visit& visit) const {
  auto left = static_cast<std::uint32_t>(jump_order_.size());
  std::uint32_t bucket = jump_bucket(key, left);
  // Almost always that is all: one replica, and nobody left out.
  if (!visit(jump_order_[bucket])) return;
  std::vector<std::uint32_t> order = jump_order_;
  while (--left > 0) {
    order[bucket] = order[left];
    key = next_key(key);
    bucket = jump_bucket(key, left);
    if (!visit(order[bucket])) return;
  }
}

template <class Visit>
void HashRing::candidates(std::string_view key, const Visit& visit) const {
  if (select_ == Select::JumpFnv1aCh) {
    jump(fnv1a_64(key), visit);
  } else {
    walk(first_entry(position_of(key)), visit);
  }
}

template <class Candidates>
void HashRing::pick(const Candidates& candidates, const std::vector<bool>& left_out,
                    std::vector<std::uint32_t>& members) const {
  members.clear();
  const auto taken = [&](std::uint32_t candidate) {
    return std::any_of(members.begin(), members.end(), [&](std::uint32_t member) {
      return distinct_ == Distinct::Host ? hosts_[member] == hosts_[candidate]
                                         : member == candidate;
    });
  };
  if (!left_out.empty()) {
    candidates([&](std::uint32_t candidate) {
      if (!left_out[candidate] && !taken(candidate)) members.push_back(candidate);
      return members.size() < replication_;
    });
    if (members.size() >= replication_) return;
  }
  candidates([&](std::uint32_t candidate) {
    if (!taken(candidate)) members.push_back(candidate);
    return members.size() < replication_;
  });
}

void HashRing::replicas(std::string_view key, const std::vector<bool>& left_out,
                        std::vector<std::uint32_t>& members) const {
  pick([&](const auto& visit) { candidates(key, visit); }, left_out, members);
}

std::size_t HashRing::distinct_members() const {
  std::set<std::uint32_t> different;
  const auto add = [&](std::uint32_t member) {
    different.insert(distinct_ == Distinct::Host ? hosts_[member] : member);
    return true;
  };
  if (select_ == Select::JumpFnv1aCh) {
    for (const std::uint32_t member : jump_order_) add(member);
  } else {
    walk(0, add);
  }
  return different.size();
}

std::vector<double> HashRing::shares() const {
  std::vector<double> shares(members_.size(), 0.0);
  std::vector<std::uint32_t> picked;
  if (select_ == Select::JumpFnv1aCh) {
    // A jump hash is even by construction; what remains to be seen is what `distinct` does to it.
    constexpr std::uint32_t kSamples = 65536;
    if (distinct_ == Distinct::Server) {
      const double part = static_cast<double>(replication_) / static_cast<double>(members_.size());
      return std::vector<double>(members_.size(), part);
    }
    for (std::uint32_t i = 0; i < kSamples; ++i) {
      pick([&](const auto& visit) { jump(next_key(i + 1), visit); }, {}, picked);
      for (const std::uint32_t member : picked) shares[member] += 1.0 / kSamples;
    }
    return shares;
  }
  std::uint32_t from = 0;  // of the keys that the entry owns: those after the entry before
  for (std::size_t i = 0; i <= entries_.size() && from < kPositions; ++i) {
    const bool past_the_end = i == entries_.size();
    const std::uint32_t to =
        past_the_end ? kPositions : std::min(entries_[i].position + 1, kPositions);
    pick([&](const auto& visit) { walk(past_the_end ? 0 : i, visit); }, {}, picked);
    for (const std::uint32_t member : picked) {
      shares[member] += static_cast<double>(to - from) / kPositions;
    }
    from = to;
  }
  return shares;
}

}  // namespace carbon_spool
