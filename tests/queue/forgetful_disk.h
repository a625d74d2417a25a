#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <rocksdb/file_system.h>

namespace carbon_spool {

/// A disk that keeps no more than it must: what a file held when it was last synced, and the names
/// that a folder held when it was last synced. RocksDB works on real files below `root`; this
/// remembers which of them, and how much, would be there after a power loss.
///
/// Stricter than any file system: syncing a file does not make its name durable, and a hint to
/// write something back (RangeSync) does nothing. Threads: any.
class ForgetfulDisk final : public rocksdb::FileSystemWrapper {
 public:
  /// What becomes of data that was written and not synced.
  enum class Unsynced {
    Lost,      ///< all of it is gone, names too
    Torn,      ///< each file ends at a random byte; the oldest changes of names are there
    Scattered  ///< the same, and any sector of it may read as zeros
  };

  /// All that is below `root` is durable at this moment. `inodes`: an empty folder of the same file
  /// system, for the data of files that have lost their name.
  ForgetfulDisk(std::string root, std::string inodes);
  ~ForgetfulDisk() override;

  /// The power fails in the middle of that operation, counted from now, and stays away: nothing can
  /// be written any more.
  void fail_power_in(std::uint64_t operations);
  /// The same, counted from when a file gets its next second name.
  void fail_power_after_link(std::uint64_t operations);
  [[nodiscard]] bool power_failed() const;

  /// How often the newest write-ahead log was synced: what was in it before is durable.
  [[nodiscard]] std::uint64_t log_syncs() const;

  /// True if the newest write-ahead log holds nothing that would be lost.
  [[nodiscard]] bool all_is_durable() const;

  /// What is there when the power is back, below the empty folder `to`.
  void restore(const std::string& to, Unsynced unsynced, std::mt19937_64& random) const;

  const char* Name() const override { return "ForgetfulDisk"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& name, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& name, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;

 private:
  class File;
  class Folder;

  /// A file or a folder, whatever its name.
  struct Inode {
    std::string data;  ///< the second link to a file; empty: it is a folder
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;
  /// A change of names that is done whole or not at all; null: the name goes.
  using Change = std::vector<std::pair<std::string, InodePtr>>;

  [[nodiscard]] bool begin_operation();
  [[nodiscard]] static rocksdb::IOStatus power_is_off();
  [[nodiscard]] InodePtr adopt(const std::string& name, std::uint64_t size);
  void change_names(Change change);
  static void apply(const Change& change, Names& names);
  void sync_folder(const std::string& folder);

  const std::string root_;
  const std::string inodes_;

  mutable std::mutex mutex_;  // protects all below
  Names names_;               ///< as everybody sees them
  Names durable_;             ///< as they are on the disk
  std::vector<Change> changes_;
  std::string newest_log_;
  std::uint64_t made_ = 0;
  std::uint64_t log_syncs_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = UINT64_MAX;
  std::uint64_t fail_after_link_ = 0;  ///< 0: not
  bool failed_ = false;
};

}  // namespace carbon_spool
