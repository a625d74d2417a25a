#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "carbon_spool/base/result.h"
#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/batch_selector.h"

namespace carbon_spool {

/// Looks at batches one after another, in the order of the log, and changes nothing. It goes
/// through what was there when it began; what leaves the queue meanwhile is passed over.
/// Threads: one at a time, beside all others. Not to be used after its queue is gone.
class BatchWalk {
 public:
  struct Step {
    Sequence sequence;
    BatchPtr batch;       ///< null: it should be there, and cannot be read
    std::string problem;  ///< then, why
  };

  virtual ~BatchWalk() = default;

  /// None at the end.
  [[nodiscard]] virtual std::optional<Step> next() = 0;

  [[nodiscard]] virtual std::uint64_t batches() const = 0;  ///< of the whole way
  /// Of the whole way, with those of its batches that a selector leaves out.
  [[nodiscard]] virtual std::uint64_t points() const = 0;
};

/// Which batches a walk goes through, and what it shows of them.
struct WalkOptions {
  std::optional<std::string> reader;  ///< what waits for this one; none: for any
  /// What is kept to be sent again, too, and all of it read from the disk even where it is in
  /// memory: to find out what can be read.
  bool verify = false;
  /// What that reader gets of each batch. Null: all of it, or what the reader was given itself,
  /// where it is in use; a walk to verify sees batches whole.
  std::shared_ptr<BatchSelector> selector = nullptr;
};

}  // namespace carbon_spool
