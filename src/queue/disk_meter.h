#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "store.h"

namespace carbon_spool {

/// How much disk the store takes, never less than it really does, and how much others are left,
/// without asking the file system at every write. Threads: one at a time.
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

  /// What is free on the file system: as it was a moment ago, less what the store wrote since.
  [[nodiscard]] std::uint64_t free() {
    const Moment now = std::chrono::steady_clock::now();
    if (now >= ask_again_) {
      free_ = store_.disk_free();
      written_when_asked_ = store_.bytes_written();
      ask_again_ = now + kAskEvery;
    }
    const std::uint64_t since = store_.bytes_written() - written_when_asked_;
    return free_ - std::min(free_, since);
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  /// Others fill a disk by less than `min_free_disk` in that time.
  static constexpr std::chrono::milliseconds kAskEvery{100};

  const Store& store_;
  std::uint64_t scanned_ = 0;
  std::uint64_t written_at_scan_ = 0;
  std::uint64_t free_ = 0;
  std::uint64_t written_when_asked_ = 0;
  Moment ask_again_{};
};

}  // namespace carbon_spool
