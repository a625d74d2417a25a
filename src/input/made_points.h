#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/base/units.h"
#include "carbon_spool/input/input.h"
#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

struct InputState;

/// Hands lines that the daemon makes itself (a flush, a sample of the host) to the sink, in
/// batches. What is no Graphite line is refused; what the sink does not take in time is dropped;
/// both are counted. Threads: one.
class MadePoints {
 public:
  /// `what`, for the log, such as "a flush", waits for the sink for at most `patience`, all its
  /// batches together.
  MadePoints(InputState& input, Milliseconds patience, std::string_view what);

  /// One line, LF included.
  void add(std::string_view line);
  /// Hands over what is left, and counts what was refused and dropped.
  void finish();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< of all lines that were added
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::uint64_t ticket() const { return ticket_; }  ///< of the last batch; 0: none

 private:
  void hand_over();
  /// Makes sure that there is a builder with room for a line of that length; false: there is none.
  [[nodiscard]] bool has_room(std::size_t line_bytes);

  InputState& input_;
  const std::string_view what_;
  const std::chrono::steady_clock::time_point deadline_;
  std::optional<BatchBuilder> builder_;
  std::uint64_t ticket_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  RefusalCounts refused_{};
  std::string sample_;  ///< of what was refused
};

}  // namespace carbon_spool
