#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// Reads a size as people write it: `"64KiB"`, `"1GiB"`, `"500MB"`, `"4096B"`. Binary units are
/// KiB, MiB, GiB, TiB; decimal ones kB/KB, MB, GB, TB. The number is a whole one.
/// Fails, saying what was expected, on anything else and on a size that does not fit 63 bits.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// Reads a duration: `"200ms"`, `"5s"`, `"10m"`, `"1h"`, `"7d"`. The number is a whole one; at most
/// 36500d, so that it fits every timer.
[[nodiscard]] Result<Milliseconds> parse_duration(std::string_view text);

/// The size in the largest binary unit that divides it: 67108864 is `"64MiB"`, 1000 is `"1000B"`.
/// `parse_size` reads it back to the same number.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// The duration in the largest unit that divides it: 90000 ms is `"90s"`.
[[nodiscard]] std::string format_duration(Milliseconds duration);

/// For people, not to be read back: 123456789 bytes is `"117.7 MiB"`.
[[nodiscard]] std::string describe_size(std::uint64_t bytes);

/// For people, not to be read back: 3723 s is `"1h 2m"`, 59 s is `"59s"`.
[[nodiscard]] std::string describe_duration(Seconds duration);

}  // namespace carbon_spool
