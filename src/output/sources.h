#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/output/supply.h"

#include "moment.h"
#include "parcel.h"

namespace carbon_spool {

/// A sender's supply as one: what it takes comes from those sources in turn that are open to it,
/// and finds its way back to the one that it came from.
/// Threads: the sender's.
class Sources {
 public:
  explicit Sources(Supply supply);

  // As of a Reader.
  [[nodiscard]] std::optional<Parcel> take(Part part);
  [[nodiscard]] bool has_unsent(Part part) const;
  [[nodiscard]] bool has_unsent() const {
    return has_unsent(Part::Live) || has_unsent(Part::Backlog);
  }
  void acknowledge(const RangesBySource& ranges);
  void put_back(const RangesBySource& ranges);
  void acknowledge_without(const RangesBySource& batch, const std::vector<std::string>& lines);
  /// The destination may have lost what it had confirmed. What others did stays as it is.
  void resend_kept();

  /// The destination has come back.
  void begin_live();
  /// What was accepted until now is backlog there.
  void begin_live(std::size_t parcel_source);

  /// Calls `wake` (from any thread) when there may be something to take that was not there before.
  void on_change(const std::function<void()>& wake);

  /// The destination takes points, or does not.
  void stands(bool down);
  /// True if the destination is down for that long, and others get what it does not.
  [[nodiscard]] bool others_see_to_it(Moment now, Milliseconds down_for) const;
  /// Divides what waits for the destination when it is down for too long, and makes it whole again
  /// when it has caught up.
  void reroute_if_due(Moment now);
  [[nodiscard]] Moment next_reroute() const;

 private:
  /// What is known of one source of the supply.
  struct State {
    std::size_t first = 0;  ///< `Parcel::source` of its first share, or of all of it
    std::size_t next = 0;   ///< which share's turn it is
    /// What it had confirmed may be kept, to be sent again after a bad end.
    bool may_be_kept = true;
  };
  /// Where a parcel came from.
  struct Origin {
    std::size_t source;
    Share share;
  };

  [[nodiscard]] static bool is_open(const Source& source);
  [[nodiscard]] bool is_open_share(const Source& source, std::size_t share) const;
  [[nodiscard]] std::optional<Parcel> take_from(std::size_t source, Part part);
  [[nodiscard]] bool has_unsent(const Source& source, Part part) const;
  [[nodiscard]] Origin origin_of(std::size_t parcel_source) const;

  const Supply supply_;
  std::vector<State> states_;  ///< as `supply_.sources`
  std::size_t next_ = 0;       ///< whose turn it is
};

}  // namespace carbon_spool
