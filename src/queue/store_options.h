#pragma once

#include <atomic>
#include <cstdarg>
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

}  // namespace carbon_spool
