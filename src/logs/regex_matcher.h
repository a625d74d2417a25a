#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {

/// A person's expression, ready to look at lines.
class RegexMatcher {
 public:
  /// What was found in a line.
  struct Found {
    std::string name;        ///< the metric's
    std::string_view value;  ///< the text of the group of the value; a view of the line
  };

  explicit RegexMatcher(const RegexMetric& metric);

  /// What is wrong with the metric. If something is, there is nothing to be found.
  [[nodiscard]] const std::optional<RegexMetricFlaw>& flaw() const { return flaw_; }

  /// None: the expression is not found in the line.
  [[nodiscard]] std::optional<Found> find(std::string_view line);

  /// Whether each line counts 1.
  [[nodiscard]] bool counts_lines() const { return value_group_ == 0; }

 private:
  /// A piece of the name: a text, and the group that follows it.
  struct Piece {
    std::string text;
    std::size_t group = 0;  ///< 0: none
  };

  void read_name(std::string_view name);
  void read_value(const RegexMetric& metric);
  void set_flaw(std::string_view member, std::string message);
  [[nodiscard]] std::size_t group_of(const std::string& name) const;  ///< 0: there is none

  std::unique_ptr<const RE2> expression_;
  std::vector<Piece> name_;
  std::size_t value_group_ = 0;
  std::optional<RegexMetricFlaw> flaw_;   ///< the first
  std::vector<re2::StringPiece> groups_;  ///< of the line at hand; the first is all that matched
};

}  // namespace carbon_spool
