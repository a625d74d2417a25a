#pragma once

#include <compare>
#include <cstdint>

namespace carbon_spool {

/// A batch's place in the log: 1, 2, 3 … in order of acceptance, never used twice.
/// A type of its own, so that it cannot be mistaken for a count.
struct Sequence {
  std::uint64_t value = 0;

  friend auto operator<=>(const Sequence&, const Sequence&) = default;
  [[nodiscard]] Sequence next() const { return Sequence{value + 1}; }
};

/// The place just before a batch, with the running totals of all points and bytes of the log before
/// it. The difference of two marks counts what is between them without reading it.
struct Mark {
  Sequence sequence;
  std::uint64_t points = 0;
  std::uint64_t bytes = 0;  ///< plaintext, normalised lines

  friend bool operator==(const Mark&, const Mark&) = default;
};

/// The batches from `begin` up to, not including, `end`.
struct Range {
  Mark begin;
  Mark end;

  [[nodiscard]] bool empty() const { return begin.sequence >= end.sequence; }
  [[nodiscard]] std::uint64_t batches() const { return end.sequence.value - begin.sequence.value; }
  [[nodiscard]] std::uint64_t points() const { return end.points - begin.points; }
  [[nodiscard]] std::uint64_t bytes() const { return end.bytes - begin.bytes; }
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace carbon_spool
