#pragma once

#include <optional>
#include <string_view>

namespace carbon_spool {

/// How many bytes one of that unit is; kilo is 1024 everywhere, as in Diamond (source: its
/// `convertor.py`). None: Diamond knows no such unit.
[[nodiscard]] std::optional<double> bytes_in(std::string_view unit);

/// `bytes` in that unit, which there must be.
[[nodiscard]] inline double in_unit(double bytes, std::string_view unit) {
  return bytes / bytes_in(unit).value_or(1);
}

}  // namespace carbon_spool
