#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/units.h"
#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

/// Batches that a server seems to fail on, until the line at fault is found or they get through.
///
/// A batch whose connection failed several times, with nothing else on it, is held here while
/// others are sent, and is tried on connections of its own. Only failures that are vouched for
/// count: something else was confirmed since the trial before, so it is not the server. After
/// twenty of them the batch is halved, and so on down to the line; what is not at fault gets
/// through on the way.
class Suspects {
 public:
  /// A batch or a part of one, to be sent alone.
  struct Trial {
    BatchPtr batch;
    std::string_view text;
  };
  /// All of the batch was delivered but these lines.
  struct Resolved {
    Range range;
    std::vector<std::string> bad_lines;
  };

  /// `patience`: failures, alone on a connection, before a batch is held here and others overtake
  /// it.
  explicit Suspects(unsigned patience) : patience_(patience) {}

  /// A connection that carried nothing but this batch ended badly. True: it is held here now;
  /// false: it is to be put back.
  [[nodiscard]] bool accuse(const BatchPtr& batch);

  /// A connection that carried something else was confirmed.
  void vouch();

  /// True if the next connection should be a trial. Without anything else to send a trial may be
  /// made at any time, but a failure does not count.
  [[nodiscard]] bool trial_is_due(bool others_wait) const;
  [[nodiscard]] Trial begin_trial();
  /// Something if that was the end of the story.
  [[nodiscard]] std::optional<Resolved> end_trial(bool clean);

  /// The server is out of reach: it may be a trial that took it down.
  void server_is_down() { deadly_ = !held_.empty(); }
  /// How soon the others' connections should be confirmed, to make room for the next trial.
  [[nodiscard]] Milliseconds confirm_every() const;

  [[nodiscard]] bool empty() const { return held_.empty(); }
  [[nodiscard]] bool on_trial() const { return on_trial_; }

  /// Gives back all that is held.
  [[nodiscard]] RangeSet release_all();

 private:
  struct Suspect {
    BatchPtr batch;
    std::deque<std::string_view>
        parts;              ///< not yet through, in order; the first is the next to be tried
    unsigned failures = 0;  ///< vouched for, of the first part
    bool vouched = false;
    std::vector<std::string> bad_lines;
  };

  static void count_failure(Suspect& suspect);

  const unsigned patience_;
  std::map<Sequence, unsigned> accused_;
  std::deque<Suspect> held_;  ///< the first is the next to be tried
  bool on_trial_ = false;
  bool deadly_ = false;  ///< the server was down while something was held
};

}  // namespace carbon_spool
