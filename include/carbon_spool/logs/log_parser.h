#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// Where a parser puts the points of an interval. Who tails the files gives them prefix, suffix and
/// timestamp. Threads: that of the parser.
class LogPoints {
 public:
  virtual ~LogPoints() = default;
  /// `value` as it is to be sent. A name that is no Graphite path is refused and counted.
  virtual void add(std::string_view name, std::string_view value) = 0;
};

/// How many lines a parser has seen since it was made.
struct LogLineCounts {
  std::uint64_t taken = 0;      ///< that said something
  std::uint64_t passed_by = 0;  ///< that are none of its business
  std::uint64_t bad = 0;        ///< that look like its business and cannot be used

  friend bool operator==(const LogLineCounts&, const LogLineCounts&) = default;
};

/// What the lines of log files come to. One for each tailing input, for all its files together.
///
/// Exactly once: `save` is everything that lines taken so far have left behind. It is written
///               together with the offsets of the files and the points of a flush; after a crash
///               `restore` and the offsets go on from the same place.
/// Memory:       bounded, whatever the lines say; what is beyond a bound is counted as bad.
/// Threads:      one at a time.
class LogParser {
 public:
  virtual ~LogParser() = default;

  /// One whole line without its line end. `file` tells the files of the input from each other and
  /// stays the same when they are rotated. `now`: Unix milliseconds.
  virtual void take(std::string_view file, std::string_view line, std::int64_t now) = 0;

  /// Closes the interval: adds what it came to. `duration`: of the interval, as measured; may be 0.
  /// `now` as for `take`.
  virtual void flush(Milliseconds duration, std::int64_t now, LogPoints& points) = 0;

  [[nodiscard]] virtual std::string save() const = 0;
  /// Fails, and begins empty, if `saved` is not of this parser.
  [[nodiscard]] virtual Result<void> restore(std::string_view saved) = 0;

  [[nodiscard]] virtual LogLineCounts counts() const = 0;
};

}  // namespace carbon_spool
