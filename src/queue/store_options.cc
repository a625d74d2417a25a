#include "store_options.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

namespace carbon_spool {
namespace {

/// Segments (16 MiB at most) are sealed by us, both families together, at a point between two
/// batches that we know; RocksDB must not do it on its own before.
constexpr std::size_t kNeverSealBefore = 64ull << 20;

rocksdb::ColumnFamilyOptions batches_options() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kNeverSealBefore;
  options.max_write_buffer_number = 8;
  options.arena_block_size = 256 << 10;
  // Tables never overlap, so this compaction moves each of them to the last level without reading
  // it; there, and only there, DeleteFilesInRange can remove it.
  options.num_levels = 2;
  options.level0_file_num_compaction_trigger = 1;
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.max_bytes_for_level_base = 1ull << 50;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  // One compression for all levels: a table is moved only if its compression fits the level.
  options.compression = rocksdb::kZSTD;
  options.compression_opts.level = 1;
  rocksdb::BlockBasedTableOptions table;
  // A block is one batch or a few small ones: what is read is sent whole anyway, and larger blocks
  // compress better.
  table.block_size = 32 << 10;
  // Batches are read once, in order, and the newest are kept by the queue: the cache only has to
  // hold the block that the small batches of a trickle share.
  table.block_cache = rocksdb::NewLRUCache(2 << 20, 0);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::ColumnFamilyOptions state_options() {
  rocksdb::ColumnFamilyOptions options;
  // A few hundred small keys, written over and over: keep them in few small tables.
  options.write_buffer_size = kNeverSealBefore;
  options.max_write_buffer_number = 8;
  options.arena_block_size = 64 << 10;
  options.level0_file_num_compaction_trigger = 4;
  options.compression = rocksdb::kNoCompression;
  return options;
}

}  // namespace

// DBImpl::RecoverLogFiles reports in this form: "%s%s: dropping %d bytes; %s".
void DamageLog::Logv(const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  const char* found = std::strstr(line, ": dropping ");
  if (found == nullptr) return;
  bytes_skipped_ += std::strtoull(found + std::strlen(": dropping "), nullptr, 10);
}

rocksdb::DBOptions store_options(rocksdb::Env& env) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.info_log = std::make_shared<DamageLog>();
  options.max_background_jobs = 2;
  // Pre-allocated space counts against the cap before it holds anything.
  options.allow_fallocate = false;
  options.max_manifest_file_size = 1 << 20;
  // Tables are opened when they are read: opening a full queue takes no longer than an empty one.
  options.max_open_files = 64;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // Hand dirty pages to the disk in small pieces rather than all of them at the next sync.
  options.bytes_per_sync = 1 << 20;
  options.wal_bytes_per_sync = 1 << 20;
  // A record that cannot be read costs no more than its own batches: each write says where the log
  // ends, so what is missing is known, and counted. A torn end is where a power cut happened.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  // A clean stop leaves its last segment in the write-ahead log; writing it as a table would only
  // delay the stop.
  options.avoid_flush_during_shutdown = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_families() {
  return {{rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()},
          {"batches", batches_options()},
          {"state", state_options()},
          // Its tables are made whole, and are at the last level from the beginning.
          {"shrunk", batches_options()}};
}

}  // namespace carbon_spool
