#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

/// Which part of what a reader gets, while it is divided (`Division`); none: all of it.
using Share = std::optional<std::size_t>;

/// What becomes of a line of a batch, for one reader.
enum class LineFate : std::uint8_t {
  Elsewhere,  ///< it does not get it, others may
  Dropped,    ///< it does not get it, because a route drops it
  Wanted,     ///< it gets it, in whatever form and share
};

/// Decides which points of a batch one reader gets, and how they are sent. It is asked when a batch
/// is read, so that a changed decision applies to what waits, too. Threads: any, also several.
class BatchSelector {
 public:
  struct Selected {
    BatchPtr
        batch;  ///< what this reader gets (`chosen_from`, or the batch as it is); null: nothing
    /// Points of the batch that it does not get because a route drops them; the others that it
    /// does not get go elsewhere.
    std::uint64_t dropped = 0;
    std::uint64_t in_other_shares = 0;  ///< points that this reader gets, but not this share of it
  };

  virtual ~BatchSelector() = default;
  [[nodiscard]] virtual Selected select(const BatchPtr& batch, Share share) = 0;

  /// The same decision for all shares, of each line of the batch in their order, without making
  /// anything of them. By this the queue finds out what has to stay of what only few readers need.
  [[nodiscard]] virtual std::vector<LineFate> fates(const BatchPtr& batch) = 0;
};

/// What is chosen of `batch`, or made of it: at the same place of the log, with other lines.
[[nodiscard]] BatchPtr chosen_from(const Batch& batch, std::string lines, std::uint64_t points);

}  // namespace carbon_spool
