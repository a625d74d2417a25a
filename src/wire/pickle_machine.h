#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "carbon_spool/wire/pickle_frames.h"
#include "carbon_spool/wire/refusal.h"

#include "pickle_cursor.h"
#include "pickle_value.h"

namespace carbon_spool {

inline constexpr std::uint8_t kNewestProtocol = 5;

/// How many places the memo of such a pickle may have.
[[nodiscard]] std::size_t memo_places(std::size_t pickle_bytes);

/// Runs a pickle's opcodes, those that make lists, tuples, texts and numbers and no others, over
/// memory that it keeps. Nothing in it recurs, so that depth costs no stack.
class PickleMachine {
 public:
  /// Forgets what was before. The pickle, and what is decoded of it, must stay until `forget`.
  /// None: it was read, and `items` are the elements of what it is, a list or a tuple.
  [[nodiscard]] std::optional<Refusal> run(PickleCursor cursor);

  /// Drops what was read, and what memory of it was unusually much.
  void forget();

  [[nodiscard]] std::span<const PickleValue> items() const { return items_; }
  /// The elements of a tuple or list that has two; false for any other thing.
  [[nodiscard]] bool pair(const PickleValue& value, const PickleValue*& first,
                          const PickleValue*& second) const {
    if (value.kind != PickleValue::Kind::Tuple || value.size != 2) {
      return pair_of_list(value, first, second);
    }
    first = &elements_[value.index];
    second = first + 1;
    return true;
  }

 private:
  /// A stretch of `elements_`.
  struct Segment {
    std::uint32_t first;
    std::uint32_t size;
    std::uint32_t next;
  };
  struct ListHead {
    std::uint32_t first_segment;
    std::uint32_t last_segment;
    std::uint32_t size;
    std::uint8_t depth;
  };
  static constexpr std::uint32_t kNoSegment = UINT32_MAX;

  [[nodiscard]] bool step(Opcode opcode, PickleCursor& cursor);
  [[nodiscard]] bool finish();
  [[nodiscard]] bool pair_of_list(const PickleValue& value, const PickleValue*& first,
                                  const PickleValue*& second) const;
  bool fail(Refusal reason);

  [[nodiscard]] bool push(const PickleValue& value);
  [[nodiscard]] bool push_tuple(std::size_t size);
  [[nodiscard]] bool push_list(std::size_t size);

  /// What may be taken from the stack: what is above the last mark.
  [[nodiscard]] std::size_t available() const;
  [[nodiscard]] bool mark();
  /// Removes the last mark; how many values were above it.
  [[nodiscard]] bool pop_mark(std::size_t& size);
  [[nodiscard]] bool pop();
  [[nodiscard]] bool append(std::size_t size);

  [[nodiscard]] bool put(std::uint64_t place);
  [[nodiscard]] bool get(std::uint64_t place);

  [[nodiscard]] std::uint8_t depth_of(const PickleValue& value) const;
  [[nodiscard]] bool depth_around(std::span<const PickleValue> values, std::uint8_t& depth);
  [[nodiscard]] bool store(std::size_t size, std::uint32_t& first);
  [[nodiscard]] bool extend(ListHead& list, std::size_t size);

  std::size_t most_places_ = 0;
  Refusal reason_ = Refusal::BadPickle;

  std::vector<PickleValue> stack_;
  std::vector<std::uint32_t> marks_;  ///< places of the stack
  std::vector<PickleValue> memo_;
  std::vector<PickleValue> elements_;
  std::vector<Segment> segments_;
  std::vector<ListHead> lists_;
  std::vector<PickleValue> items_;
};

}  // namespace carbon_spool
