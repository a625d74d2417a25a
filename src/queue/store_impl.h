#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include "carbon_spool/base/assert.h"

#include "store.h"
#include "store_options.h"

namespace carbon_spool {

// What the parts of `Store` share: store.cc and store_tables.cc, nobody else.

inline constexpr std::size_t kKeyBytes = 8;
using Key = std::array<char, kKeyBytes>;

/// Big-endian, so that the order of keys is the order of sequences.
inline Key key_of(Sequence sequence) {
  Key key;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    key[i] =
        static_cast<char>(static_cast<unsigned char>(sequence.value >> (8 * (kKeyBytes - 1 - i))));
  }
  return key;
}

inline rocksdb::Slice slice(const Key& key) {
  return {key.data(), key.size()};
}
inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

inline Sequence sequence_of(std::string_view key) {
  CS_ASSERT(key.size() == kKeyBytes);
  std::uint64_t value = 0;
  for (const char byte : key) value = value << 8 | static_cast<unsigned char>(byte);
  return Sequence{value};
}

inline Error error_of(const rocksdb::Status& status) {
  return Error{status.ToString()};
}

inline Result<void> result_of(const rocksdb::Status& status) {
  if (!status.ok()) return error_of(status);
  return success();
}

/// Wakes whoever waits for a table to be written or moved.
class TableListener final : public rocksdb::EventListener {
 public:
  explicit TableListener(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) override {
    std::error_code gone;  // a segment that was cancelled out leaves no file
    const auto bytes = std::filesystem::file_size(info.file_path, gone);
    if (!gone) table_bytes_ += bytes;
    changed();
  }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override {
    changed();
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    stopped_by_error_ = true;
    had_error_ = true;
    changed();
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    if (info.new_bg_error.ok()) stopped_by_error_ = false;
    changed();
  }

  /// Returns when `done` holds; looks again at every change, and in case one was missed.
  template <class Done>
  void wait_until(Done done) {
    std::unique_lock lock(mutex_);
    while (!done()) changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  [[nodiscard]] std::uint64_t table_bytes() const { return table_bytes_; }
  [[nodiscard]] bool stopped_by_error() const { return stopped_by_error_; }
  void error_is_over() { stopped_by_error_ = false; }
  [[nodiscard]] bool had_error() const { return had_error_; }

 private:
  void changed() {
    {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    }
    on_change_();
  }

  const std::function<void()> on_change_;
  std::atomic<std::uint64_t> table_bytes_{0};
  std::atomic<bool> stopped_by_error_{false};
  std::atomic<bool> had_error_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct Store::Write::Impl {
  rocksdb::ColumnFamilyHandle* batches;
  rocksdb::ColumnFamilyHandle* state;
  rocksdb::WriteBatch batch;
};

struct Store::Impl {
  std::string path;
  std::shared_ptr<DamageLog> damage;
  ino_t folder = 0;  ///< to notice when another one is in its place
  StoreSizes sizes;
  std::shared_ptr<TableListener> listener;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  std::uint64_t gathered = 0;  ///< bytes written to the gathering segment
  std::atomic<std::uint64_t> log_bytes{0};
  std::atomic<std::uint64_t> broken_log{0};  ///< number of the write-ahead log that failed last

  ~Impl() {
    if (!db) return;
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    db->Close();
  }

  [[nodiscard]] std::uint64_t property(std::size_t family, const std::string& name) const {
    std::uint64_t value = 0;
    db->GetIntProperty(families[family], name, &value);
    return value;
  }

  [[nodiscard]] bool table_is_being_written() const {
    const auto& sealed = rocksdb::DB::Properties::kNumImmutableMemTable;
    return property(kBatches, sealed) > 0 || property(kState, sealed) > 0;
  }

  [[nodiscard]] bool is_stopped_by_error() const { return listener->stopped_by_error(); }

  [[nodiscard]] std::uint64_t current_log() const {
    std::unique_ptr<rocksdb::LogFile> log;
    return db->GetCurrentWalFile(&log).ok() ? log->LogNumber() : 0;
  }
};

}  // namespace carbon_spool
