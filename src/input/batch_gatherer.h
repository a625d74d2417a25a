#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "carbon_spool/input/input.h"
#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

/// Something that waits until all points it brought are durable.
class DurabilityWaiter {
 public:
  virtual ~DurabilityWaiter() = default;
  virtual void on_durable(bool accepted) = 0;
};

/// The builder that all sockets of an ingest thread share. It is handed over as soon as it is full,
/// and by the thread at the end of each burst, that is, after everything that was readable at once
/// has been read. So a trickle goes on at once and a flood in full batches. Threads: the ingest
/// thread, but for `run_unless_held`.
class BatchGatherer {
 public:
  explicit BatchGatherer(boost::asio::io_context& io) : io_(io) {}

  /// The builder to write to. Blocks while the sink holds us back. Null: nothing is taken any more.
  /// The sink is always the same.
  [[nodiscard]] BatchBuilder* builder(PointSink& sink);

  /// Hands over what was gathered, so that the next `builder()` is empty.
  void hand_over();

  /// Hands the waiter its answer, on this thread, once all that was gathered until now is durable.
  /// Only for one that brought something.
  void after_durable(std::unique_ptr<DurabilityWaiter> waiter);

  /// Runs `work` on the ingest thread and returns when it has run; or when the sink holds the
  /// thread back: then nothing is in hand, and `work` runs as soon as the sink lets go. Any other
  /// thread.
  void run_unless_held(std::function<void()> work);

 private:
  using Waiters = std::vector<std::unique_ptr<DurabilityWaiter>>;

  void ask_for_durability();

  boost::asio::io_context& io_;

  // Owned by the ingest thread.
  PointSink* sink_ = nullptr;  ///< null until the first builder was asked for
  std::optional<BatchBuilder> builder_;
  std::uint64_t last_ticket_ = 0;
  Waiters waiters_;  ///< whose points may still be in the builder

  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;  ///< guarded by mutex_: the thread is inside PointSink::obtain_builder
};

}  // namespace carbon_spool
