#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// Why carbon-c-relay would refuse this POSIX extended regular expression; none: it would not.
[[nodiscard]] std::optional<std::string> problem_of_expression(const std::string& expression);

/// How many groups a good expression has.
[[nodiscard]] std::size_t groups_of_expression(const std::string& expression);

/// Whether carbon-c-relay looks for it as a text, without regular expressions: then it knows what
/// it found even if there are no groups.
[[nodiscard]] bool is_plain_text(const std::string& expression);

/// The text that every name that matches begins with, if it is certain; may be empty.
[[nodiscard]] std::string certain_beginning(const std::string& expression);

/// The same expression in the syntax of RE2, or what it has that RE2 has not. The same names match.
[[nodiscard]] Result<std::string> translate_expression(const std::string& expression);

/// Whether the first match may be shorter than the longest, which POSIX wants.
[[nodiscard]] bool may_match_longer(const std::string& expression);

/// Whether no name can begin with both.
[[nodiscard]] bool exclude_each_other(const std::string& beginning, const std::string& other);

struct RelayReplacement {
  std::string text;     ///< in our syntax
  std::string missing;  ///< a group that the expression has not; nothing stands for it
};

/// The replacement of a rewrite whose expression has so many groups.
[[nodiscard]] RelayReplacement translate_replacement(const std::string& replacement,
                                                     std::size_t groups);

}  // namespace carbon_spool
