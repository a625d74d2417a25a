#pragma once

#include <cstdint>
#include <string_view>

namespace carbon_spool {

/// The hash functions of the Graphite field. What they return decides on which server a series is
/// stored: do not change the values.

/// The first two bytes of MD5, as a number: a position on a carbon_ch ring.
[[nodiscard]] std::uint32_t md5_position(std::string_view bytes);

[[nodiscard]] std::uint32_t fnv1a_32(std::string_view bytes);
[[nodiscard]] std::uint64_t fnv1a_64(std::string_view bytes);

/// FNV-1a 32 folded to 16 bits: a position on a fnv1a_ch ring.
[[nodiscard]] std::uint32_t fnv1a_position(std::string_view bytes);

}  // namespace carbon_spool
