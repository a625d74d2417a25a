#include "pickle_machine.h"

#include <algorithm>
#include <charconv>

#include "kept_store.h"

namespace carbon_spool {
namespace {

using Kind = PickleValue::Kind;

/// Places of the memo that a pickle may leave out, whatever its length.
constexpr std::size_t kMemoSlack = 256;

/// A place of the memo in digits.
bool take_place(PickleCursor& cursor, std::uint64_t& place) {
  std::string_view line;
  if (!cursor.take_line(line)) return false;
  const char* const end = line.data() + line.size();
  const auto [rest, problem] = std::from_chars(line.data(), end, place);
  return problem == std::errc() && rest == end;
}

}  // namespace

std::size_t memo_places(std::size_t pickle_bytes) {
  return std::min(kMaxPickleMemo, kMemoSlack + pickle_bytes);
}

// As those of the cursor, what is needed often is inlined into the loop over the opcodes.

[[gnu::always_inline]] inline std::size_t PickleMachine::available() const {
  return stack_.size() - (marks_.empty() ? 0 : marks_.back());
}

[[gnu::always_inline]] inline bool PickleMachine::push(const PickleValue& value) {
  if (stack_.size() >= kMaxPickleItems) return fail(Refusal::PickleTooLarge);
  stack_.push_back(value);
  return true;
}

[[gnu::always_inline]] inline std::uint8_t PickleMachine::depth_of(const PickleValue& value) const {
  return value.kind == Kind::List ? lists_[value.index].depth : value.depth;
}

[[gnu::always_inline]] inline bool PickleMachine::depth_around(std::span<const PickleValue> values,
                                                               std::uint8_t& depth) {
  std::uint8_t deepest = 0;
  for (const PickleValue& each : values) deepest = std::max(deepest, depth_of(each));
  if (deepest >= kMaxPickleDepth) return fail(Refusal::PickleTooLarge);
  depth = static_cast<std::uint8_t>(deepest + 1);
  return true;
}

[[gnu::always_inline]] inline bool PickleMachine::store(std::size_t size, std::uint32_t& first) {
  if (elements_.size() + size > kMaxPickleElements) return fail(Refusal::PickleTooLarge);
  first = static_cast<std::uint32_t>(elements_.size());
  const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(size);
  for (auto at = begin; at != stack_.end(); ++at) elements_.push_back(*at);
  stack_.erase(begin, stack_.end());
  return true;
}

[[gnu::always_inline]] inline bool PickleMachine::push_tuple(std::size_t size) {
  if (available() < size) return false;
  PickleValue tuple(Kind::Tuple);
  tuple.size = static_cast<std::uint32_t>(size);
  if (!depth_around({stack_.end() - static_cast<std::ptrdiff_t>(size), stack_.end()}, tuple.depth))
    return false;
  return store(size, tuple.index) && push(tuple);
}

[[gnu::always_inline]] inline bool PickleMachine::put(std::uint64_t place) {
  if (available() == 0) return false;
  if (place >= most_places_) return fail(Refusal::PickleTooLarge);
  if (place == memo_.size()) {
    memo_.push_back(stack_.back());
    return true;
  }
  if (place > memo_.size()) memo_.resize(place + 1);
  memo_[place] = stack_.back();
  return true;
}

[[gnu::always_inline]] inline bool PickleMachine::step(Opcode opcode, PickleCursor& cursor) {
  std::uint64_t place = 0;
  std::size_t size = 0;
  PickleValue scalar;
  switch (opcode) {
    using enum Opcode;
    case Proto: {
      std::uint8_t protocol = 0;
      return cursor.take_number(protocol) && protocol <= kNewestProtocol;
    }
    case Frame: {
      std::uint64_t length = 0;
      return cursor.take_number(length) && length <= cursor.left();
    }

    case Put:
      return take_place(cursor, place) && put(place);
    case BinPut: {
      std::uint8_t number = 0;
      return cursor.take_number(number) && put(number);
    }
    case LongBinPut: {
      std::uint32_t number = 0;
      return cursor.take_number(number) && put(number);
    }
    case Memoize:
      return put(memo_.size());
    case Get:
      return take_place(cursor, place) && get(place);
    case BinGet: {
      std::uint8_t number = 0;
      return cursor.take_number(number) && get(number);
    }
    case LongBinGet: {
      std::uint32_t number = 0;
      return cursor.take_number(number) && get(number);
    }

    case Mark:
      return mark();
    case List:
      return pop_mark(size) && push_list(size);
    case EmptyList:
      return push_list(0);
    case Append:
      return append(1);
    case Appends:
      return pop_mark(size) && append(size);
    case Tuple:
      return pop_mark(size) && push_tuple(size);
    case EmptyTuple:
      return push_tuple(0);
    case Tuple1:
      return push_tuple(1);
    case Tuple2:
      return push_tuple(2);
    case Tuple3:
      return push_tuple(3);

    case Pop:
      return pop();
    case PopMark:
      if (!pop_mark(size)) return false;
      stack_.resize(stack_.size() - size);
      return true;
    case Dup:
      return available() > 0 && push(PickleValue(stack_.back()));

    case Global:
    case StackGlobal:
    case Inst:
    case Obj:
    case Reduce:
    case Build:
    case NewObj:
    case NewObjEx:
    case PersId:
    case BinPersId:
    case Ext1:
    case Ext2:
    case Ext4:
      return fail(Refusal::UnsafePickle);

    default:
      return cursor.take_scalar(opcode, scalar) && push(scalar);
  }
}

std::optional<Refusal> PickleMachine::run(PickleCursor cursor) {
  forget();
  most_places_ = memo_places(cursor.pickle_bytes());
  reason_ = Refusal::BadPickle;
  for (Opcode opcode{}; cursor.take_opcode(opcode);) {
    if (opcode == Opcode::Stop) {
      if (finish()) return std::nullopt;
      break;
    }
    if (!step(opcode, cursor)) break;
  }
  forget();
  return reason_;
}

void PickleMachine::forget() {
  empty_out(stack_);
  empty_out(marks_);
  empty_out(memo_);
  empty_out(elements_);
  empty_out(segments_);
  empty_out(lists_);
  empty_out(items_);
}

bool PickleMachine::fail(Refusal reason) {
  reason_ = reason;
  return false;
}

bool PickleMachine::finish() {
  if (available() == 0) return false;
  const PickleValue& top = stack_.back();
  if (top.kind == Kind::Tuple) {
    if (top.size > kMaxPickleItems) return fail(Refusal::PickleTooLarge);
    const auto first = elements_.begin() + top.index;
    items_.assign(first, first + top.size);
  } else if (top.kind == Kind::List) {
    const ListHead& list = lists_[top.index];
    if (list.size > kMaxPickleItems) return fail(Refusal::PickleTooLarge);
    items_.reserve(list.size);
    for (std::uint32_t at = list.first_segment; at != kNoSegment; at = segments_[at].next) {
      const auto first = elements_.begin() + segments_[at].first;
      items_.insert(items_.end(), first, first + segments_[at].size);
    }
  } else {
    return false;
  }
  return true;
}

bool PickleMachine::pair_of_list(const PickleValue& value, const PickleValue*& first,
                                 const PickleValue*& second) const {
  if (value.kind != Kind::List) return false;
  const ListHead& list = lists_[value.index];
  if (list.size != 2) return false;
  const Segment& front = segments_[list.first_segment];
  const Segment& back = segments_[list.last_segment];
  first = &elements_[front.first];
  second = &elements_[back.first + back.size - 1];
  return true;
}

bool PickleMachine::push_list(std::size_t size) {
  if (lists_.size() >= kMaxPickleElements) return fail(Refusal::PickleTooLarge);
  PickleValue value(Kind::List);
  value.index = static_cast<std::uint32_t>(lists_.size());
  lists_.push_back({kNoSegment, kNoSegment, 0, 1});
  return extend(lists_.back(), size) && push(value);
}

bool PickleMachine::mark() {
  if (marks_.size() >= kMaxPickleDepth) return fail(Refusal::PickleTooLarge);
  marks_.push_back(static_cast<std::uint32_t>(stack_.size()));
  return true;
}

bool PickleMachine::pop_mark(std::size_t& size) {
  if (marks_.empty()) return false;
  size = available();
  marks_.pop_back();
  return true;
}

bool PickleMachine::pop() {
  if (available() > 0) {
    stack_.pop_back();
    return true;
  }
  std::size_t none = 0;
  return pop_mark(none);
}

bool PickleMachine::append(std::size_t size) {
  if (available() < size + 1) return false;
  const PickleValue& to = stack_[stack_.size() - size - 1];
  return to.kind == Kind::List && extend(lists_[to.index], size);
}

bool PickleMachine::get(std::uint64_t place) {
  return place < memo_.size() && memo_[place].kind != Kind::Absent && push(memo_[place]);
}

bool PickleMachine::extend(ListHead& list, std::size_t size) {
  if (size == 0) return true;
  std::uint8_t depth = 0;
  if (!depth_around({stack_.end() - static_cast<std::ptrdiff_t>(size), stack_.end()}, depth))
    return false;
  list.depth = std::max(list.depth, depth);
  Segment segment{0, static_cast<std::uint32_t>(size), kNoSegment};
  if (!store(size, segment.first)) return false;
  const auto index = static_cast<std::uint32_t>(segments_.size());
  segments_.push_back(segment);
  (list.size == 0 ? list.first_segment : segments_[list.last_segment].next) = index;
  list.last_segment = index;
  list.size += static_cast<std::uint32_t>(size);
  return true;
}

}  // namespace carbon_spool
