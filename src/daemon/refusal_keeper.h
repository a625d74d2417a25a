#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "carbon_spool/input/input.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// Writes the inputs' counts of refused lines beside the queue, once a second and only those that
/// changed, on a thread of its own, `tick`.
/// Lifetime: queue and inputs must outlive it.
class RefusalKeeper {
 public:
  using NamedInput = std::pair<std::string, const Input*>;

  RefusalKeeper(Queue& queue, std::vector<NamedInput> inputs);

  /// Stops the thread and writes once more.
  ~RefusalKeeper();

  RefusalKeeper(const RefusalKeeper&) = delete;
  RefusalKeeper& operator=(const RefusalKeeper&) = delete;

 private:
  void keep_writing(const std::stop_token& stopped);
  void write_changed();

  Queue& queue_;
  const std::vector<NamedInput> inputs_;
  std::vector<std::string>
      written_;       ///< of each input; touched by the thread, after it by the owner
  std::mutex mutex_;  ///< only for waiting
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace carbon_spool
