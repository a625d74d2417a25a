#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carbon_spool {

/// One thing of a pickle. Texts are views into the pickle, or into what the machine decoded of it;
/// what lists and tuples hold is in the machine.
struct PickleValue {
  enum class Kind : std::uint8_t {
    Absent,  ///< a place of the memo that nothing was put to
    None,
    Integer,
    Real,
    Digits,     ///< a number as text, as protocol 0 has it
    BigNumber,  ///< a whole number beyond 64 bits: two's complement, little-endian
    Text,       ///< or bytes; nothing here tells them apart
    Tuple,
    List,
  };

  Kind kind = Kind::Absent;
  std::uint8_t depth = 0;  ///< of a tuple; that of a list may grow and is in the machine
  std::uint32_t size = 0;  ///< of a text its bytes, of a tuple its elements
  union {
    std::int64_t integer;
    double real;
    const char* text;
    std::uint32_t index;  ///< of a tuple's first element, or of a list
  };

  PickleValue() : integer(0) {}

  [[nodiscard]] static PickleValue none() { return PickleValue(Kind::None); }
  [[nodiscard]] static PickleValue of_integer(std::int64_t number) {
    PickleValue value(Kind::Integer);
    value.integer = number;
    return value;
  }
  [[nodiscard]] static PickleValue of_real(double number) {
    PickleValue value(Kind::Real);
    value.real = number;
    return value;
  }
  /// Of kind Digits, BigNumber or Text.
  [[nodiscard]] static PickleValue of_text(Kind kind, std::string_view text) {
    PickleValue value(kind);
    value.size = static_cast<std::uint32_t>(text.size());
    value.text = text.data();
    return value;
  }

  [[nodiscard]] std::string_view view() const { return {text, size}; }

 private:
  explicit PickleValue(Kind of_kind) : kind(of_kind), integer(0) {}

  friend class PickleMachine;
};

static_assert(sizeof(PickleValue) == 16);

}  // namespace carbon_spool
