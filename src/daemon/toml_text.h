#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carbon_spool {

/// A string as TOML writes it: as it is, in single quotes, if that can be.
[[nodiscard]] std::string toml_string(std::string_view text);

/// `["a", "b"]`, one a line where that would be long.
[[nodiscard]] std::string toml_array(const std::vector<std::string>& texts);

/// `# text`, one line.
[[nodiscard]] std::string toml_comment(std::string_view text);

}  // namespace carbon_spool
