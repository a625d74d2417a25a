#pragma once

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/env.h>

namespace carbon_spool {

/// Counts what RocksDB says of a damaged write-ahead log; everything else of its own log, a file
/// that would grow beside the queue in nobody's format, comes back to us as a status.
class DamageLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  [[nodiscard]] std::uint64_t bytes_skipped() const { return bytes_skipped_; }

 private:
  std::atomic<std::uint64_t> bytes_skipped_{0};
};

/// How RocksDB is set up. Everything that is not a default is here, with its reason.
[[nodiscard]] rocksdb::DBOptions store_options(rocksdb::Env& env);
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

// Their order. RocksDB insists on `default`, the first; it stays empty.
inline constexpr std::size_t kBatches = 1;
inline constexpr std::size_t kState = 2;
inline constexpr std::size_t kShrunk = 3;  ///< a store that is only read may lack it

}  // namespace carbon_spool
