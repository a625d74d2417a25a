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
  void resend_kept();

  /// The destination has come back.
  void begin_live();
  /// What was accepted until now is backlog there.
  void begin_live(std::size_t source);

  /// Calls `wake` (from any thread) when there may be something to take that was not there before.
  void on_change(const std::function<void()>& wake);

  /// The destination takes points, or does not.
  void stands(bool down);
  /// Divides what waits for the destination when it is down for too long, and makes it whole again
  /// when it has caught up.
  void reroute_if_due(Moment now);
  [[nodiscard]] Moment next_reroute() const;

 private:
  [[nodiscard]] static bool is_open(const Source& source);

  const Supply supply_;
  std::vector<Reader*> readers_;  ///< each once
  std::size_t next_ = 0;          ///< whose turn it is
};

}  // namespace carbon_spool
