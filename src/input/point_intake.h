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
  /// Takes a datagram of lines, of which the last needs no LF, unless the kernel has `cut_off` what
  /// was too long: then it is refused. False as for `take_lines`.
  [[nodiscard]] bool take_datagram(std::string_view datagram, bool cut_off);
  /// Takes the pickle of one frame. False as for `take_lines`.
  [[nodiscard]] bool take_pickle(std::string_view pickle);
  void refuse(Refusal reason, std::string_view sample);

  [[nodiscard]] std::uint64_t points() const { return points_; }
  [[nodiscard]] bool any_refused() const { return any_refused_; }
  /// Counts and logs what was refused.
  void report_refused(std::string_view peer);

 private:
  /// Takes what StatsD counts as one packet: a datagram, or of its streams lines that came
  /// together.
  [[nodiscard]] bool take_packet(std::string_view packet);
  [[nodiscard]] bool take_unended_line(std::string_view line);
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
