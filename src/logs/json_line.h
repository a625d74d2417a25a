#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace carbon_spool {

/// Arrays and objects in one another, at most.
inline constexpr int kDeepestJson = 64;

/// The one JSON value that a line is, or none if it is not JSON or nested deeper than
/// `kDeepestJson`. Takes memory in proportion to the line, at most, and does not recurse.
[[nodiscard]] std::optional<nlohmann::json> json_in(std::string_view line);

}  // namespace carbon_spool
