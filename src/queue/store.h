#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/queue/sequence.h"

namespace rocksdb {
class Env;
}

namespace carbon_spool {

/// How large the working files of a store may get, from the cap.
struct StoreSizes {
  /// Plaintext that gathers in the write-ahead log and in memory before it becomes a table file.
  /// While a table is written the next one gathers: memory and write-ahead log hold twice this.
  std::uint64_t segment_bytes = 0;
  /// Disk that must be left above what `disk_use` says, so that the worst moment still fits the
  /// cap: a sealed segment being written as a table while its write-ahead log is still there, the
  /// small files of the column family `state`, and RocksDB's own.
  std::uint64_t headroom = 0;

  [[nodiscard]] static StoreSizes for_cap(std::uint64_t max_size);
};

/// A table file: batches `first` to `last`, perhaps with holes, taking `bytes` of disk.
struct TableFile {
  Sequence first;
  Sequence last;
  std::uint64_t bytes = 0;
  std::string name;        ///< of the file, in the store's folder
  bool removable = false;  ///< false for a moment after it was written
  bool shrunk = false;     ///< of the column family `shrunk`
  bool replaced = false;   ///< a shrunk one was made of it: nobody needs it any more
};

/// The queue's bytes on disk. The only place that knows RocksDB.
///
/// A key of `batches` is put once. While its put is in the segment that is still gathering,
/// removing it is a SingleDelete that cancels it out, so that what was delivered quickly never
/// becomes a table. Later it goes with its whole table file, when nobody needs any batch of it:
/// tables never overlap, are moved to the last level without rewriting, and are removed in any
/// order.
///
/// What a few readers leave of several tables may be put into one table of the column family
/// `shrunk`, which takes their place: from then on they are `replaced`.
///
/// Threads: `write`, `seal`, `add`, `remove_table` and `tables` by one thread at a time (the
/// queue's write mutex); `read_batch`, `begin_shrunk_table`, `sync`, `disk_use` and `disk_free` by
/// any.
class Store {
 public:
  static constexpr std::string_view kInUse = "another carbon-spool has this queue open";
  static constexpr std::string_view kNewer = "written by a newer carbon-spool";

  /// What goes to disk in one step: all of it or, after a crash, nothing.
  class Write {
   public:
    ~Write();
    void put_batch(Sequence sequence, std::string_view stored);
    void put_state(std::string_view key, std::string_view value);
    void remove_state(std::string_view key);
    /// Only for batches that `is_gathering`.
    void remove_batch(Sequence sequence);
    [[nodiscard]] std::uint64_t bytes() const;

   private:
    friend class Store;
    struct Impl;
    explicit Write(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };

  /// A table of the column family `shrunk` in the making: a file of its own, which goes with this
  /// object. Needs its store only to begin. Threads: one at a time.
  class ShrunkTable {
   public:
    ~ShrunkTable();
    ShrunkTable(const ShrunkTable&) = delete;
    ShrunkTable& operator=(const ShrunkTable&) = delete;

    /// In the order of the log.
    [[nodiscard]] Result<void> put(Sequence sequence, std::string_view stored);
    [[nodiscard]] Result<void> finish();  ///< it is on the disk; at least one was put
    [[nodiscard]] std::uint64_t bytes() const;

    /// What an end that was not in order left behind.
    static Result<void> remove_unfinished(rocksdb::Env& env, const std::string& path);

   private:
    friend class Store;
    struct Impl;
    explicit ShrunkTable(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };

  /// The disk as the machine has it. Tests put another one in its place, which outlives the store.
  [[nodiscard]] static rocksdb::Env& machine();

  /// `on_change` is called from a thread of RocksDB when a table was written or moved, or when an
  /// error is over; it must be quick and must not call the store.
  /// Fails ending in kInUse if another process has it, and naming kNewer if it has column families
  /// that are not known here.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path,
                                                           const StoreSizes& sizes,
                                                           std::function<void()> on_change,
                                                           rocksdb::Env& env = machine());
  /// True if the store could not be opened because the disk did not do what it was asked to. What
  /// is missing is no such reason.
  [[nodiscard]] static bool blames_the_disk(const Error& error);

  /// For `read_batch`, `read_state` and `disk_use` alone, also beside the process that has it open.
  /// Fails if there is no store.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open_read_only(const std::string& path);

  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] Write begin_write() const;
  [[nodiscard]] Result<void> write(Write& write, bool sync);

  /// Ends the gathering segment once it is large enough (`force`: if there is anything in it) and
  /// has it written as a table in the background; waits while the one before is still being
  /// written. `end` is the end of the log.
  [[nodiscard]] Result<void> seal_if_due(Sequence end, bool force = false);
  /// Waits until every sealed segment has become a table that is removable.
  void wait_until_settled();

  /// Says where the log ends, once after opening: what is there already is not gathering any more.
  void begin_at(Sequence end) { gathering_from_ = end; }
  [[nodiscard]] bool is_gathering(Sequence sequence) const { return sequence >= gathering_from_; }

  /// Gives the value to `use`, or returns false if there is no such batch, or none that is whole.
  /// Fails if the disk could not be read: that may pass.
  /// A checksum is looked at whenever something is read from the disk.
  [[nodiscard]] Result<bool> read_batch(Sequence sequence,
                                        const std::function<void(std::string_view)>& use) const;
  /// All of the column family `state`.
  [[nodiscard]] Result<std::map<std::string, std::string>> read_state() const;

  /// Forces everything that was written to the disk.
  [[nodiscard]] Result<void> sync();

  /// The table files, oldest first.
  [[nodiscard]] std::vector<TableFile> tables() const;
  /// Only for one that is removable.
  [[nodiscard]] Result<void> remove_table(const TableFile& table);

  /// False once it had an error, also one that is over: until it is opened anew.
  [[nodiscard]] bool can_add() const;
  /// One at a time.
  [[nodiscard]] Result<std::unique_ptr<ShrunkTable>> begin_shrunk_table() const;
  /// A finished one takes its place in the store for good, removable at once, or nothing changes.
  [[nodiscard]] Result<void> add(const ShrunkTable& table);

  /// Bytes the folder takes, as `du` counts, without what was set aside. Looks at every file.
  [[nodiscard]] std::uint64_t disk_use() const;
  /// Bytes the file system has left for this process.
  [[nodiscard]] std::uint64_t disk_free() const;
  /// What was written since the store was opened: grows at least as fast as `disk_use`.
  [[nodiscard]] std::uint64_t bytes_written() const;

  /// Tries to leave the read-only state that RocksDB enters after a failed write. Fails if it stays
  /// in it, or if its log is broken; then only opening anew may help.
  [[nodiscard]] Result<void> try_to_recover();

  /// Bytes of the write-ahead log that could not be read when it was opened.
  [[nodiscard]] std::uint64_t bytes_skipped() const;

  /// False if the folder was removed or replaced behind our back.
  [[nodiscard]] bool is_in_place() const;

  void set_sizes(const StoreSizes& sizes);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
  Sequence gathering_from_;  ///< first batch of the gathering segment;
};

}  // namespace carbon_spool
