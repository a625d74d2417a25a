#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace carbon_spool {

/// The one of `known` that was probably meant by `wrong`: the least number of letters to insert,
/// remove, replace or swap. None if even the nearest has little in common with it.
[[nodiscard]] std::optional<std::string> nearest_key(std::string_view wrong,
                                                     const std::set<std::string>& known);

}  // namespace carbon_spool
