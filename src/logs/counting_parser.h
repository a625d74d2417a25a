#pragma once

#include <cstdint>
#include <string_view>

#include "carbon_spool/logs/log_parser.h"

namespace carbon_spool {

/// What became of a line.
enum class Reading : std::uint8_t { Taken, PassedBy, Bad };

/// A parser that counts its lines by what became of them.
class CountingParser : public LogParser {
 public:
  void take(std::string_view file, std::string_view line, std::int64_t now) final {
    switch (read(file, line, now)) {
      case Reading::Taken:
        ++counts_.taken;
        break;
      case Reading::PassedBy:
        ++counts_.passed_by;
        break;
      case Reading::Bad:
        ++counts_.bad;
        break;
    }
  }

  [[nodiscard]] LogLineCounts counts() const final { return counts_; }

 protected:
  /// As `LogParser::take`.
  [[nodiscard]] virtual Reading read(std::string_view file, std::string_view line,
                                     std::int64_t now) = 0;

 private:
  LogLineCounts counts_;
};

/// What an interval lasted, in the unit of rates.
[[nodiscard]] inline double seconds_of(Milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

}  // namespace carbon_spool
