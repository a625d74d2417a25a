#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>
#include <re2/set.h>

namespace carbon_spool {

/// Many expressions, looked for at once. Threads: any, once compiled.
class ExpressionSet {
 public:
  ExpressionSet();

  /// Adds an expression, with the next number from 0; or says what is wrong with it.
  [[nodiscard]] std::optional<std::string> add(const std::string& expression);
  /// To be called after the last one; false if they are too much together.
  [[nodiscard]] bool compile();

  [[nodiscard]] int size() const { return static_cast<int>(expressions_.size()); }

  /// Sets `found` to the numbers of those that are found in `name`, in order.
  void find(std::string_view name, std::vector<int>& found) const;

 private:
  RE2::Set set_;
  std::vector<std::unique_ptr<RE2>> expressions_;
};

}  // namespace carbon_spool
