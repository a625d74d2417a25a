#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace carbon_spool {

// Eight bytes of text as a number.

/// The first in the highest byte: texts compare as these do.
inline std::uint64_t big_endian_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

/// The first in the lowest byte.
inline std::uint64_t little_endian_word(const char* at) {
  return __builtin_bswap64(big_endian_word(at));
}

}  // namespace carbon_spool
