#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/log.h"
#include "carbon_spool/output/graphite_sender.h"

#include "rate.h"

namespace carbon_spool {

/// What a sender tells the world: its numbers, and one log line when its destination goes down and
/// one when it is back. Threads: `stats` from any, everything else from the sender's.
class SenderReport {
 public:
  /// `what` is sent: points, or events.
  SenderReport(const SenderOptions& options, std::function<std::uint64_t()> points_waiting,
               std::string_view what = "points");

  void state(SenderState state);
  void error(std::string_view why);
  void sent(std::uint64_t points, Part part);

  /// The destination could not be reached, or its connection ended badly.
  void down(std::string_view why);
  /// It is connected, for the first time or again. `renewal`: in place of a connection that we
  /// ended. True if it had been down.
  bool connected(bool renewal);
  /// A connection beside the one in use was not confirmed: its points are sent again.
  void unconfirmed(std::string_view why, std::uint64_t points);
  /// These lines were set aside.
  void set_aside(const std::vector<std::string>& lines);

  [[nodiscard]] SenderStats stats() const;

 private:
  const std::string label_;
  const std::function<std::uint64_t()> points_waiting_;
  const std::string what_;
  BoundedLog log_;
  std::optional<Moment> down_since_;
  bool was_connected_ = false;

  mutable std::mutex mutex_;
  SenderStats stats_;  ///< guarded by mutex_
  Rate rate_;          ///< guarded by mutex_
  Rate backlog_rate_;  ///< guarded by mutex_
};

}  // namespace carbon_spool
