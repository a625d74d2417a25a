#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {

class IngestThread;
struct InputState;
struct Listening;

/// Takes the lines of one burst of reading from one socket: parses them into the thread's builder
/// and counts what was refused. One time of arrival for all. Threads: the ingest thread.
class PointIntake {
 public:
  PointIntake(InputState& input, const Listening& listening, IngestThread& thread);

  /// Takes lines that all end in LF. False: nothing is taken any more, and what was not yet taken
  /// is lost to the caller.
  [[nodiscard]] bool take_lines(std::string_view lines);
  /// Takes the last line of a datagram, which has no LF.
  [[nodiscard]] bool take_unended_line(std::string_view line);
  void refuse(Refusal reason, std::string_view line);

  [[nodiscard]] std::uint64_t points() const { return points_; }
  [[nodiscard]] bool any_refused() const { return any_refused_; }
  /// Counts and logs what was refused.
  void report_refused(std::string_view peer);

 private:
  void note_refused(std::string_view line);

  InputState& input_;
  const Listening& listening_;
  IngestThread& thread_;
  const std::uint32_t now_;
  std::uint64_t points_ = 0;
  RefusalCounts refused_{};
  bool any_refused_ = false;
  std::string sample_;  ///< the front of the last refused line
};

}  // namespace carbon_spool
