#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// Where ingest threads leave what they gathered, and where the appender finds it. Bounded: who
/// comes when it is full waits. Threads: any.
class Intake {
 public:
  /// All that had gathered when the appender came for it.
  struct Group {
    std::vector<BatchBuilder> builders;
    Ticket ticket = 0;  ///< of the last of them
  };

  [[nodiscard]] std::optional<BatchBuilder> obtain();
  [[nodiscard]] std::optional<BatchBuilder> obtain_within(Milliseconds most);
  Ticket submit(BatchBuilder builder);
  /// They are taken together.
  Ticket submit(std::vector<BatchBuilder> builders);

  /// Waits for something; none once it was stopped and everything was taken.
  [[nodiscard]] std::optional<Group> take();

  void stop();
  [[nodiscard]] bool stopped() const;

 private:
  [[nodiscard]] bool has_room() const;  ///< with mutex_ held; or was stopped

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable work_;
  struct Submitted {
    BatchBuilder builder;
    Ticket ticket;  ///< of all that are to be taken together the same
  };
  std::deque<Submitted> submitted_;
  Ticket last_ = 0;
  bool stopped_ = false;
};

}  // namespace carbon_spool
