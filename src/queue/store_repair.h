#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"

namespace rocksdb {
class Env;
}

namespace carbon_spool {

/// What was found damaged when a store was opened, and what became of it: sentences for the log and
/// the status.
struct StoreDamage {
  std::vector<std::string> before;  ///< what earlier runs have set aside
  std::vector<std::string> set_aside;
  bool repaired = false;  ///< what the store says of itself may be behind what is in it
};

/// Fails if the folder's files say that a store was here and nothing leads to it, or not to all of
/// it: CURRENT is missing, or a repair began and did not come to its end. To be asked before
/// opening: RocksDB would make a new store over them.
[[nodiscard]] Result<void> check_head(const std::string& path);

// What cannot be opened is damaged only if the disk does what it is asked to: else it is the disk
// that fails, and that may pass.

/// True if files can be made and written in the folder.
[[nodiscard]] bool disk_is_writable(rocksdb::Env& env, const std::string& path);

/// Reads the store's files to their ends, those on whose name `only` is the end: none for all.
/// Fails if the disk does not give what is there.
[[nodiscard]] Result<void> try_to_read(rocksdb::Env& env, const std::string& path,
                                       std::string_view only = {});

/// Puts together a store from every table and write-ahead log in the folder that can be read. What
/// cannot, and what is not needed any more, is moved to a folder of its own below `set-aside`.
/// Reads all of it. Nobody may have the store open. If it fails, or is killed, everything is still
/// there, and it can be done again; so it can until `end_repair`.
[[nodiscard]] Result<void> repair_store(rocksdb::Env& env, const std::string& path,
                                        const std::string& why, StoreDamage& damage);

/// To be called when what the repaired store says of itself is stored again.
void end_repair(rocksdb::Env& env, const std::string& path);

/// Moves the whole store to a folder of its own below `set-aside`: in its place a new one begins.
[[nodiscard]] Result<void> set_store_aside(rocksdb::Env& env, const std::string& path,
                                           const std::string& why, StoreDamage& damage);

/// The write-ahead log as it is before RocksDB reads it and throws it away: kept only if it turns
/// out to be damaged.
class KeptWriteAheadLog {
 public:
  /// Makes second links to its files.
  explicit KeptWriteAheadLog(const std::string& path);
  ~KeptWriteAheadLog();
  KeptWriteAheadLog(const KeptWriteAheadLog&) = delete;
  KeptWriteAheadLog& operator=(const KeptWriteAheadLog&) = delete;

  void keep(std::uint64_t bytes_skipped, StoreDamage& damage);

 private:
  const std::string path_;
};

/// Sentences on what earlier runs have set aside.
[[nodiscard]] std::vector<std::string> set_aside_before(const std::string& path);

/// Keeps a copy (a second link) of the table file `name` below `set-aside`: what is in it is lost
/// to the queue, and it goes when nobody needs its other batches.
[[nodiscard]] Result<std::string> keep_table_aside(const std::string& path,
                                                   const std::string& name);

}  // namespace carbon_spool
