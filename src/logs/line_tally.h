#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "counting_parser.h"

namespace carbon_spool {

/// Lines that are sorted into a fixed set of totals, each sent as a rate at every flush. One that
/// lasted no time is not closed: its totals are the next one's.
class LineTally final : public CountingParser {
 public:
  /// Adds to the totals what a line says.
  using Sort = std::function<Reading(std::string_view line, std::span<double> totals)>;

  /// `per`: the seconds that a rate is for.
  LineTally(std::string kind, std::vector<std::string> names, double per, Sort sort);

  void flush(Milliseconds duration, std::int64_t now, LogPoints& points) override;
  [[nodiscard]] std::string save() const override;
  [[nodiscard]] Result<void> restore(std::string_view saved) override;

 protected:
  [[nodiscard]] Reading read(std::string_view file, std::string_view line,
                             std::int64_t now) override;

 private:
  const std::string kind_;
  const std::vector<std::string> names_;
  const double per_;
  const Sort sort_;
  std::vector<double> totals_;  ///< in the order of `names_`
};

}  // namespace carbon_spool
