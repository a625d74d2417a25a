#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>

namespace carbon_spool {

/// The numbers of the queue's format, whatever the machine's byte order.
template <std::integral T>
void store_little_endian(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
}

template <std::integral T>
[[nodiscard]] T load_little_endian(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(
        value | static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i)));
  }
  return value;
}

}  // namespace carbon_spool
