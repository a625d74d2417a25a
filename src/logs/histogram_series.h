#pragma once

#include <cstdint>

#include "carbon_spool/logs/make_log_parser.h"

#include "bpftrace_block.h"
#include "saved_fields.h"

namespace carbon_spool {

void save_histogram(const Histogram& histogram, SavedWriter& to);
[[nodiscard]] Histogram restore_histogram(SavedReader& from);

/// The blocks that one file has of one map and key, one after another; knows which of their counts
/// are new.
///
/// At its end bpftrace prints every map once more. In a script that clears a map after printing it
/// that is what has come since; in one that does not, the same again. Whether it is the end cannot
/// be seen either: two blank lines are also what two empty maps print. So what may be the same
/// again is held back, and counts only if the run goes on.
class HistogramSeries {
 public:
  /// The new counts of a whole block. `may_be_end`: it may be of what is printed at the end.
  [[nodiscard]] Histogram take(BpftraceOptions::Mode mode, const Histogram& block, bool may_be_end);

  /// The new counts of a block of which more may come: all that `take` is then given again
  /// (Cumulative), or only the rest (Interval).
  [[nodiscard]] Histogram take_part(BpftraceOptions::Mode mode, const Histogram& part);

  /// bpftrace began anew: nothing is known of its maps.
  void begin_run();

  /// How many buckets it remembers.
  [[nodiscard]] std::size_t size() const { return last_.size() + held_.size(); }

  void save(SavedWriter& to) const;
  void restore(SavedReader& from);

 private:
  Histogram last_;       ///< counts of the block before, of the same run
  Histogram held_;       ///< counts that are new if the run goes on
  bool clears_ = false;  ///< a count has shrunk in this run
};

}  // namespace carbon_spool
