#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// Which of the points that wait are wanted.
class PointFilter {
 public:
  /// `path`: a shell pattern, in which `*` stands for dots, too; empty: any. `from` and `until`: of
  /// the timestamps, both included, as Unix seconds (`1700000000`) or as a time before `now`
  /// (`2h`); empty: any. Fails, naming the option, if one cannot be read.
  [[nodiscard]] static Result<PointFilter> make(const std::string& path, const std::string& from,
                                                const std::string& until, std::int64_t now);

  /// `line`: normalised, `path value timestamp`.
  [[nodiscard]] bool matches(std::string_view line) const;

  [[nodiscard]] bool matches_all() const { return path_.empty() && !from_ && !until_; }

 private:
  std::string path_;
  std::optional<std::int64_t> from_;
  std::optional<std::int64_t> until_;
};

}  // namespace carbon_spool
