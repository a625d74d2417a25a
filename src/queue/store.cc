#include "store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include <dirent.h>
#include <fcntl.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "carbon_spool/base/assert.h"

#include "durable_files.h"
#include "store_options.h"

namespace carbon_spool {
namespace {

/// The order of the column families at opening. RocksDB insists on `default`; it stays empty.
constexpr std::size_t kBatches = 1;
constexpr std::size_t kState = 2;

constexpr std::size_t kKeyBytes = 8;
using Key = std::array<char, kKeyBytes>;

/// Big-endian, so that the order of keys is the order of sequences.
Key key_of(Sequence sequence) {
  Key key;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    key[i] =
        static_cast<char>(static_cast<unsigned char>(sequence.value >> (8 * (kKeyBytes - 1 - i))));
  }
  return key;
}

rocksdb::Slice slice(const Key& key) {
  return {key.data(), key.size()};
}
rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

Sequence sequence_of(std::string_view key) {
  CS_ASSERT(key.size() == kKeyBytes);
  std::uint64_t value = 0;
  for (const char byte : key) value = value << 8 | static_cast<unsigned char>(byte);
  return Sequence{value};
}

Error error_of(const rocksdb::Status& status) {
  return Error{status.ToString()};
}

Result<void> result_of(const rocksdb::Status& status) {
  if (!status.ok()) return error_of(status);
  return success();
}

/// RocksDB has no code of its own for it. A lock that cannot even be opened is the disk's fault,
/// and "lock" alone is also part of a "block" or of somebody's path.
bool is_in_use(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock hold by current process") != std::string::npos ||
         text.find("While lock file") != std::string::npos;
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
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// 0 if it is not there.
ino_t folder_inode(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

std::uint64_t folder_bytes(const std::string& path) {
  constexpr std::uint64_t kStatBlock = 512;  // stat(2): the unit of st_blocks
  struct stat found {};
  std::uint64_t bytes = 0;
  if (::stat(path.c_str(), &found) == 0)
    bytes += static_cast<std::uint64_t>(found.st_blocks) * kStatBlock;
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return bytes;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name == "set-aside") continue;
    if (entry->d_type == DT_DIR) {
      bytes += folder_bytes(path + "/" + std::string(name));
    } else if (::fstatat(::dirfd(folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
      bytes += static_cast<std::uint64_t>(found.st_blocks) * kStatBlock;
    }
  }
  ::closedir(folder);
  return bytes;
}

Result<std::map<std::string, std::string>> read_all_state(rocksdb::DB& db,
                                                          rocksdb::ColumnFamilyHandle* family) {
  std::map<std::string, std::string> state;
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions(), family));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    state.emplace(at->key().ToString(), at->value().ToString());
  }
  if (!at->status().ok()) return error_of(at->status());
  return state;
}

}  // namespace

StoreSizes StoreSizes::for_cap(std::uint64_t max_size) {
  const std::uint64_t segment = std::clamp<std::uint64_t>(max_size / 16, 1ull << 20, 16ull << 20);
  return {segment, 2 * segment + (1ull << 20)};
}

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

Store::Write::Write(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Write::~Write() = default;

void Store::Write::put_batch(Sequence sequence, std::string_view stored) {
  impl_->batch.Put(impl_->batches, slice(key_of(sequence)), slice(stored));
}

void Store::Write::put_state(std::string_view key, std::string_view value) {
  impl_->batch.Put(impl_->state, slice(key), slice(value));
}

void Store::Write::remove_state(std::string_view key) {
  impl_->batch.Delete(impl_->state, slice(key));
}

void Store::Write::remove_batch(Sequence sequence) {
  impl_->batch.SingleDelete(impl_->batches, slice(key_of(sequence)));
}

std::uint64_t Store::Write::bytes() const {
  return impl_->batch.GetDataSize();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

rocksdb::Env& Store::machine() {
  return *rocksdb::Env::Default();
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const StoreSizes& sizes,
                                           std::function<void()> on_change, rocksdb::Env& env) {
  if (auto made = make_folder(env, path); !made) return made.error();
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->sizes = sizes;
  impl->listener = std::make_shared<TableListener>(std::move(on_change));
  rocksdb::DBOptions options = store_options(env);
  options.listeners.push_back(impl->listener);
  impl->damage = std::make_shared<DamageLog>();
  options.info_log = impl->damage;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path, column_families(), &impl->families, &db);
  if (!status.ok()) {
    if (is_in_use(status)) return Error{path + ": " + std::string(kInUse)};
    return error_of(status).in(path);
  }
  impl->db.reset(db);
  impl->folder = folder_inode(path);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

bool Store::blames_the_disk(const Error& error) {
  return error.message.find("IO error: ") != std::string::npos &&
         error.message.find("No such file or directory") == std::string::npos;
}

Result<std::unique_ptr<Store>> Store::open_read_only(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path + "/CURRENT", ignored)) return Error{path + ": no queue here"};
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      store_options(machine()), path, column_families(), &impl->families, &db);
  if (!status.ok()) return error_of(status).in(path);
  impl->db.reset(db);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Write Store::begin_write() const {
  auto impl = std::make_unique<Write::Impl>();
  impl->batches = impl_->families[kBatches];
  impl->state = impl_->families[kState];
  return Write(std::move(impl));
}

Result<void> Store::write(Write& write, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const bool log_is_asked = !impl_->is_stopped_by_error();
  const rocksdb::Status status = impl_->db->Write(options, &write.impl_->batch);
  if (status.ok()) {
    impl_->gathered += write.bytes();
    impl_->log_bytes += write.bytes();
  } else if (log_is_asked) {
    impl_->broken_log = impl_->current_log();
  }
  return result_of(status);
}

Result<void> Store::seal_if_due(Sequence end, bool force) {
  if (impl_->gathered == 0 || (!force && impl_->gathered < impl_->sizes.segment_bytes))
    return success();
  impl_->listener->wait_until(
      [this] { return !impl_->table_is_being_written() || impl_->is_stopped_by_error(); });
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  const rocksdb::Status status =
      impl_->db->Flush(options, {impl_->families[kBatches], impl_->families[kState]});
  if (status.ok()) {
    impl_->gathered = 0;
    gathering_from_ = end;
  }
  return result_of(status);
}

void Store::wait_until_settled() {
  impl_->listener->wait_until([this] {
    if (impl_->is_stopped_by_error()) return true;
    if (impl_->table_is_being_written()) return false;
    const auto all = tables();
    return std::all_of(all.begin(), all.end(),
                       [](const TableFile& table) { return table.removable; });
  });
}

Result<bool> Store::read_batch(Sequence sequence,
                               const std::function<void(std::string_view)>& use) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = impl_->db->Get(rocksdb::ReadOptions(), impl_->families[kBatches],
                                                slice(key_of(sequence)), &value);
  if (status.IsNotFound() || status.IsCorruption() || status.IsPathNotFound()) return false;
  if (!status.ok()) return error_of(status);
  use(std::string_view(value.data(), value.size()));
  return true;
}

Result<std::map<std::string, std::string>> Store::read_state() const {
  return read_all_state(*impl_->db, impl_->families[kState]);
}

/// Not RocksDB's own SyncWAL: a write that finds the log just after that has failed, and before
/// RocksDB has taken note, ends the process (Debian's asserts).
Result<void> Store::sync() {
  const auto done = sync_files(*impl_->db->GetEnv(), impl_->path, ".log");
  if (!done) impl_->broken_log = impl_->current_log();
  return done;
}

std::vector<TableFile> Store::tables() const {
  rocksdb::ColumnFamilyMetaData family;
  impl_->db->GetColumnFamilyMetaData(impl_->families[kBatches], &family);
  std::vector<TableFile> tables;
  for (const auto& level : family.levels) {
    for (const auto& file : level.files) {
      tables.push_back({sequence_of(file.smallestkey), sequence_of(file.largestkey), file.size,
                        file.name, level.level > 0 && !file.being_compacted});
    }
  }
  std::sort(tables.begin(), tables.end(),
            [](const TableFile& a, const TableFile& b) { return a.first < b.first; });
  return tables;
}

Result<void> Store::remove_tables(Sequence first, Sequence last) {
  const Key begin = key_of(first);
  const Key end = key_of(last);
  const rocksdb::Slice from = slice(begin);
  const rocksdb::Slice to = slice(end);
  return result_of(
      rocksdb::DeleteFilesInRange(impl_->db.get(), impl_->families[kBatches], &from, &to));
}

std::uint64_t Store::disk_use() const {
  return folder_bytes(impl_->path);
}

std::uint64_t Store::disk_free() const {
  struct statvfs found {};
  if (::statvfs(impl_->path.c_str(), &found) != 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

std::uint64_t Store::bytes_written() const {
  return impl_->log_bytes + impl_->listener->table_bytes();
}

Result<void> Store::try_to_recover() {
  if (impl_->is_stopped_by_error()) {
    const rocksdb::Status status = impl_->db->Resume();
    if (!status.ok()) return error_of(status);
    impl_->listener->error_is_over();
  }
  // RocksDB takes a new log only if something in memory is to be flushed, and ends the process when
  // it is to write to one that has failed.
  if (impl_->broken_log != 0 && impl_->broken_log == impl_->current_log()) {
    return Error{"the write-ahead log cannot be written any more"};
  }
  return success();
}

std::uint64_t Store::bytes_skipped() const {
  return impl_->damage->bytes_skipped();
}

bool Store::is_in_place() const {
  struct stat found {};
  return folder_inode(impl_->path) == impl_->folder &&
         ::stat((impl_->path + "/CURRENT").c_str(), &found) == 0;
}

void Store::set_sizes(const StoreSizes& sizes) {
  impl_->sizes = sizes;
}

}  // namespace carbon_spool
