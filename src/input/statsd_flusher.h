#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "carbon_spool/input/input.h"
#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_flush.h"

namespace carbon_spool {

struct InputState;

/// Closes the intervals of an aggregator, on a grid of multiples of the flush interval, and hands
/// their points over, stamped with the end of their slot. Keeps the open one, so that it outlives
/// the process:
///
///   * at the end always, after it was flushed: if the next process begins within the same slot, it
///     goes on with it, and its flush has the whole slot and takes the place of ours;
///   * with `persist` each second: what a process that died had kept is flushed by the next one,
///     with its own slot's timestamp, or goes on if the slot is not over.
///
/// Threads: one at a time; `last_flush` any.
class StatsdFlusher {
 public:
  StatsdFlusher(const StatsdInputOptions& options, StatsdAggregator& aggregator, InputState& input);

  /// Takes up what was kept.
  void begin();
  /// Does what is due. Returns after how long to call again, at most a second.
  [[nodiscard]] Milliseconds tick();
  /// Flushes and keeps the open interval; nothing comes after it.
  void finish();

  [[nodiscard]] StatsdFlushStats last_flush() const;

 private:
  using Slot = std::int64_t;  ///< by its end, Unix milliseconds

  [[nodiscard]] std::int64_t now() const;  ///< Unix milliseconds
  [[nodiscard]] Slot slot_at(std::int64_t milliseconds) const;
  /// False: some points of it were dropped.
  [[nodiscard]] bool flush(Slot slot);
  void keep_if_due();
  /// Keeps what was saved of the slot.
  void keep(Slot slot, bool flushed, const std::optional<std::string>& saved);

  const StatsdInputOptions options_;
  const std::int64_t interval_;  ///< milliseconds
  const std::string key_;        ///< what the open interval is kept under
  StatsdAggregator& aggregator_;
  InputState& input_;
  StatsdFlush flush_;
  StatsdInterval closed_;
  Slot open_ = 0;

  std::chrono::steady_clock::time_point keep_at_;
  /// Whether the last flush is accepted: until then what is kept is what it was made of.
  std::shared_ptr<std::atomic<bool>> flush_accepted_;
  bool too_long_said_ = false;

  mutable std::mutex mutex_;
  StatsdFlushStats last_;  ///< guarded by mutex_
};

}  // namespace carbon_spool
