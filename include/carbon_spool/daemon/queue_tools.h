#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/admin/status.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/daemon/config.h"
#include "carbon_spool/queue/batch_walk.h"

namespace carbon_spool {

/// One batch that a walk came to.
struct WalkedBatch {
  std::uint64_t of_batches = 0;  ///< of the whole walk, as it was when it began
  std::uint64_t of_points = 0;
  Sequence sequence;
  std::string_view problem;      ///< not empty: it cannot be read, and why; the rest is not known
  std::int64_t accepted_at = 0;  ///< Unix milliseconds
  std::uint64_t points = 0;
  std::string_view lines;  ///< empty in a walk to verify
};

/// What a person does to the queue by hand: through the admin socket of the daemon that runs, or
/// directly where none does. Threads: one.
class QueueTools {
 public:
  /// Changes nothing yet.
  [[nodiscard]] static std::unique_ptr<QueueTools> for_queue(const Config& config);

  virtual ~QueueTools() = default;

  [[nodiscard]] virtual Result<Status> status() = 0;

  /// Until `see` returns false. Fails if there is no such destination in the queue, or if the walk
  /// did not come to its end.
  [[nodiscard]] virtual Result<void> walk(const WalkOptions& options,
                                          const std::function<bool(const WalkedBatch&)>& see) = 0;

  /// A walk to verify over the whole queue of events; over nothing if there is none.
  [[nodiscard]] virtual Result<void> verify_events(
      const std::function<bool(const WalkedBatch&)>& see) = 0;

  /// Drops what waits for the destination (with `accepted_before`, Unix milliseconds, only what is
  /// older), counted under `purged`; returns how many points. One that is not in the configuration
  /// is forgotten if nothing of it is left out.
  [[nodiscard]] virtual Result<std::uint64_t> purge(
      const std::string& destination, std::optional<std::int64_t> accepted_before) = 0;

  /// As `Queue::hand_over`. Fails if `orphan` is in the configuration.
  [[nodiscard]] virtual Result<std::uint64_t> adopt(const std::string& orphan,
                                                    const std::string& heir) = 0;
};

}  // namespace carbon_spool
