#pragma once

#include <cstdint>

#include "store.h"

namespace carbon_spool {

/// How much disk the store takes, never less than it really does, without looking at every file at
/// every write. Threads: one at a time.
class DiskMeter {
 public:
  explicit DiskMeter(const Store& store) : store_(store) { rescan(); }

  /// What was there at the last scan, and all that was written since.
  [[nodiscard]] std::uint64_t at_most() const {
    return scanned_ + (store_.bytes_written() - written_at_scan_);
  }

  void rescan() {
    written_at_scan_ = store_.bytes_written();
    scanned_ = store_.disk_use();
  }

 private:
  const Store& store_;
  std::uint64_t scanned_ = 0;
  std::uint64_t written_at_scan_ = 0;
};

}  // namespace carbon_spool
