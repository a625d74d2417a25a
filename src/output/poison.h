#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/base/units.h"

#include "parcel.h"

namespace carbon_spool {

/// Batches that a server seems to fail on, until the line at fault is found or they get through.
///
/// They come in two ways. A batch whose connection failed several times, with nothing else on it.
/// And all that a connection carried, when connections go on failing while others are confirmed:
/// the batch at fault may never be alone otherwise, since it is put back among others each time.
///
/// What is held here is tried on connections of its own, while others are sent. Only failures that
/// are vouched for count: something else was confirmed since the trial before, so it is not the
/// server. Several batches are halved after one of them; a single one after twenty, and so on down
/// to the line; what is not at fault gets through on the way. Several that fail and are not vouched
/// for are given back: it may be that the server cannot take so many, and then they would be tried
/// for ever.
class Suspects {
 public:
  /// Batches, or a part of one, to be sent alone.
  struct Trial {
    std::vector<Parcel> parcels;
    std::string_view part;  ///< of the only batch; empty: all of them
  };
  /// These are not held here any more.
  struct Resolved {
    RangesBySource ranges;
    bool delivered = true;               ///< false: they are to be put back
    std::vector<std::string> bad_lines;  ///< was not delivered of them; then it is one batch
  };

  /// `patience`: failures before something is held here and others overtake it.
  explicit Suspects(unsigned patience) : patience_(patience) {}

  /// A connection that carried these batches and nothing else ended badly. True: they are held here
  /// now; false: they are to be put back.
  [[nodiscard]] bool accuse(const std::vector<Parcel>& parcels);

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
  [[nodiscard]] RangesBySource release_all();

 private:
  struct Suspect {
    std::vector<Parcel> parcels;
    /// Of a single batch: not yet through, in order; the first is the next to be tried.
    std::deque<std::string_view> parts;
    unsigned failures = 0;  ///< vouched for, of the first part
    bool vouched = false;
    std::vector<std::string> bad_lines;
  };

  [[nodiscard]] bool is_enough(const std::vector<Parcel>& parcels);
  void hold(std::vector<Parcel> parcels);
  void halve(const std::vector<Parcel>& parcels);
  static void count_failure(Suspect& suspect);
  static void add_ranges(const Suspect& suspect, RangesBySource& ranges);

  const unsigned patience_;
  unsigned troubles_ = 0;   ///< bad ends, each after a good one
  unsigned good_ends_ = 0;  ///< since the last bad one
  std::map<std::pair<std::size_t, Sequence>, unsigned> accused_;  ///< by source
  std::deque<Suspect> held_;  ///< the first is the next to be tried
  bool on_trial_ = false;
  bool deadly_ = false;  ///< the server was down while something was held
};

}  // namespace carbon_spool
