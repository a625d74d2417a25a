#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace carbon_spool {

/// Several expressions, any of which may match.
class Expressions {
 public:
  /// Those that are none match nothing (`fault_in_expression` finds them before).
  explicit Expressions(const std::vector<std::string>& expressions);
  ~Expressions();

  [[nodiscard]] bool empty() const { return !any_; }
  /// As Python's `re.match` and `re.search` do.
  [[nodiscard]] bool match_start_of(std::string_view text) const;
  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> any_;  ///< null: none at all
};

}  // namespace carbon_spool
