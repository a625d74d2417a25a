#include "store.h"

#include <algorithm>
#include <filesystem>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "durable_files.h"
#include "store_impl.h"
#include "store_repair.h"

namespace carbon_spool {
namespace {

/// RocksDB has no code of its own for it. A lock that cannot even be opened is the disk's fault,
/// and "lock" alone is also part of a "block" or of somebody's path.
bool is_in_use(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock hold by current process") != std::string::npos ||
         text.find("While lock file") != std::string::npos;
}

/// Nor for this.
bool has_unknown_family(const rocksdb::Status& status) {
  return status.ToString().find("Column families not opened") != std::string::npos;
}

/// Those that are there: a queue that an earlier version left may lack the newest ones, and nothing
/// is made where nothing is written.
std::vector<rocksdb::ColumnFamilyDescriptor> families_there(const std::string& path) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = column_families();
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(store_options(Store::machine()), path, &names).ok()) {
    return families;
  }
  while (families.size() > kShrunk && std::ranges::find(names, families.back().name) == names.end())
    families.pop_back();
  return families;
}

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
    // A queue within this one has a cap of its own.
    if (name == "." || name == ".." || name == "set-aside" || name == "events") continue;
    if (name == "repair") continue;  // second links
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
    if (has_unknown_family(status)) return error_of(status).in(std::string(kNewer)).in(path);
    return error_of(status).in(path);
  }
  impl->db.reset(db);
  static_cast<void>(ShrunkTable::remove_unfinished(env, path));
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
  if (auto head = check_head(path); !head) return head.error().in(path);
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      store_options(machine()), path, families_there(path), &impl->families, &db);
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

Result<bool> Store::read_batch(Sequence sequence,
                               const std::function<void(std::string_view)>& use) const {
  const Key key = key_of(sequence);
  // In this order: what is shrunk goes from `batches` only once it is in `shrunk`.
  for (std::size_t family : {kBatches, kShrunk}) {
    if (family == impl_->families.size()) break;
    rocksdb::PinnableSlice value;
    const rocksdb::Status status =
        impl_->db->Get(rocksdb::ReadOptions(), impl_->families[family], slice(key), &value);
    if (status.IsNotFound() || status.IsCorruption() || status.IsPathNotFound()) continue;
    if (!status.ok()) return error_of(status);
    use(std::string_view(value.data(), value.size()));
    return true;
  }
  return false;
}

Result<std::map<std::string, std::string>> Store::read_state() const {
  return read_all_state(*impl_->db, impl_->families[kState]);
}

/// Not RocksDB's own SyncWAL: a write that finds the log just after that has failed, and before
/// RocksDB has taken note, ends the process (Debian's asserts).
Result<void> Store::sync() {
  auto done = sync_files(*impl_->db->GetEnv(), impl_->path, ".log");
  if (!done) impl_->broken_log = impl_->current_log();
  return done;
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
