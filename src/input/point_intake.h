#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {

class IngestThread;
struct InputState;
struct Listening;

/// Takes what one burst of reading from one socket brought: reads its points into the thread's
/// builder and counts what was refused. One time of arrival for all. Threads: the ingest thread.
class PointIntake {
 public:
  PointIntake(InputState& input, const Listening& listening, IngestThread& thread);

  /// Takes lines that all end in LF. False: nothing is taken any more, and what was not yet taken
  /// is lost to the caller.
  [[nodiscard]] bool take_lines(std::string_view lines);
  /// Takes the last line of a datagram, which has no LF. Not of StatsD.
  [[nodiscard]] bool take_unended_line(std::string_view line);
  /// Takes the pickle of one frame. False as for `take_lines`.
  [[nodiscard]] bool take_pickle(std::string_view pickle);
  /// Takes a datagram of StatsD, or of its streams lines that came together.
  [[nodiscard]] bool take_packet(std::string_view packet);
  void refuse(Refusal reason, std::string_view sample);

  [[nodiscard]] std::uint64_t points() const { return points_; }
  [[nodiscard]] bool any_refused() const { return any_refused_; }
  /// Counts and logs what was refused.
  void report_refused(std::string_view peer);

 private:
  /// The thread's builder; null: nothing is taken any more.
  [[nodiscard]] BatchBuilder* builder();
  void commit(BatchBuilder& builder, const WrittenPoints& points);
  void note_refused(std::string_view sample);

  InputState& input_;
  const Listening& listening_;
  IngestThread& thread_;
  const std::uint32_t now_;
  std::uint64_t points_ = 0;
  RefusalCounts refused_{};
  bool any_refused_ = false;
  std::string sample_;  ///< the front of the last that was refused
};

}  // namespace carbon_spool
