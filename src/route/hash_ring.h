#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/route/routing_options.h"

namespace carbon_spool {

struct RingMember {
  std::string host;
  std::uint16_t port = 0;
  std::string instance;  ///< empty: none
};

/// The members of a hashed cluster, and to which of them a key belongs: exactly as carbon-c-relay
/// or carbon have it. Immutable. Threads: any.
class HashRing {
 public:
  HashRing(Select select, Flavour flavour, Distinct distinct, std::uint32_t replication,
           std::vector<RingMember> members);

  /// The members that get `key`, the first `replication` different ones that are not left out
  /// (`left_out[i]`: member i; empty: nobody is); too few of them, and members that are left out
  /// fill up the rest, in the same order.
  void replicas(std::string_view key, const std::vector<bool>& left_out,
                std::vector<std::uint32_t>& members) const;

  /// How many different members a key can be given at all. Some may have no place of their own:
  /// carbon_ch hashes no ports.
  [[nodiscard]] std::size_t distinct_members() const;

  /// The part of all keys that each member gets.
  [[nodiscard]] std::vector<double> shares() const;

 private:
  struct Entry {
    std::uint32_t position = 0;
    std::uint32_t member = 0;
  };

  [[nodiscard]] std::uint32_t position_of(std::string_view text) const;
  [[nodiscard]] std::string entry_key(const RingMember& member, int i) const;
  void place_as_carbon_c_relay();
  void place_as_carbon();
  void order_for_jump();
  void number_hosts();

  [[nodiscard]] std::size_t first_entry(std::uint32_t position) const;
  template <class Visit>
  void walk(std::size_t first, const Visit& visit) const;
  template <class Visit>
  void jump(std::uint64_t key, const Visit& visit) const;
  /// Calls `visit(member)` for members in the order in which they are asked to take the key, until
  /// it returns false. The same member may come more than once.
  template <class Visit>
  void candidates(std::string_view key, const Visit& visit) const;
  template <class Candidates>
  void pick(const Candidates& candidates, const std::vector<bool>& left_out,
            std::vector<std::uint32_t>& members) const;

  Select select_;
  Flavour flavour_;
  Distinct distinct_;
  std::uint32_t replication_;
  std::vector<RingMember> members_;
  std::vector<std::uint32_t>
      hosts_;                   ///< a number for each member's host: equal hosts, equal numbers
  std::vector<Entry> entries_;  ///< by position; of a jump hash none
  std::vector<std::uint32_t> jump_order_;  ///< bucket to member
};

}  // namespace carbon_spool
