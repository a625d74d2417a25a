#include "forgetful_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOStatus;

constexpr std::uint64_t kSector = 512;

std::string folder_of(const std::string& path) {
  return fs::path(path).parent_path();
}

std::uint64_t between(std::mt19937_64& random, std::uint64_t least, std::uint64_t most) {
  return std::uniform_int_distribution<std::uint64_t>(least, most)(random);
}

std::string read(const std::string& file, std::uint64_t size) {
  std::string text(size, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(size));
  CS_ASSERT(stream.gcount() == static_cast<std::streamsize>(size));
  return text;
}

}  // namespace

class ForgetfulDisk::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(ForgetfulDisk& disk, std::string name, InodePtr inode,
       std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)),
        disk_(disk),
        name_(std::move(name)),
        inode_(std::move(inode)) {}

  /// If the power fails meanwhile, any part of it may have been written.
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.failed_) return power_is_off();
    IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) inode_->size += data.size();
    if (!disk_.begin_operation()) return power_is_off();
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const rocksdb::Slice&, std::uint64_t, const rocksdb::IOOptions&,
                            rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus PositionedAppend(const rocksdb::Slice&, std::uint64_t, const rocksdb::IOOptions&,
                            const rocksdb::DataVerificationInfo&,
                            rocksdb::IODebugContext*) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                    rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.begin_operation()) return power_is_off();
    IOStatus status = target()->Truncate(size, options, debug);
    if (status.ok()) inode_->size = size;
    inode_->synced = std::min(inode_->synced, inode_->size);
    return status;
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.begin_operation()) return power_is_off();
    inode_->synced = inode_->size;
    if (name_ == disk_.newest_log_) ++disk_.log_syncs_;
    return IOStatus::OK();
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                     rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  ForgetfulDisk& disk_;
  const std::string name_;
  const InodePtr inode_;
};

class ForgetfulDisk::Folder final : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(ForgetfulDisk& disk, std::string name, std::unique_ptr<rocksdb::FSDirectory>&& folder)
      : FSDirectoryWrapper(std::move(folder)), disk_(disk), name_(std::move(name)) {}

  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const std::lock_guard lock(disk_.mutex_);
    if (!disk_.begin_operation()) return power_is_off();
    disk_.sync_folder(name_);
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  ForgetfulDisk& disk_;
  const std::string name_;
};

ForgetfulDisk::ForgetfulDisk(std::string root, std::string inodes)
    : FileSystemWrapper(FileSystem::Default()), root_(std::move(root)), inodes_(std::move(inodes)) {
  for (const auto& each : fs::recursive_directory_iterator(root_)) {
    const bool is_file = each.is_regular_file();
    const InodePtr inode =
        is_file ? adopt(each.path(), each.file_size()) : std::make_shared<Inode>();
    inode->synced = inode->size;
    names_[each.path()] = inode;
  }
  durable_ = names_;
}

ForgetfulDisk::~ForgetfulDisk() {
  for (const auto& each : fs::directory_iterator(inodes_)) fs::remove(each.path());
}

void ForgetfulDisk::fail_power_in(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  fail_at_ = operations_ + operations;
  if (operations == 0) failed_ = true;
}

void ForgetfulDisk::fail_power_after_link(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  fail_after_link_ = operations;
}

bool ForgetfulDisk::power_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::uint64_t ForgetfulDisk::log_syncs() const {
  const std::lock_guard lock(mutex_);
  return log_syncs_;
}

bool ForgetfulDisk::all_is_durable() const {
  const std::lock_guard lock(mutex_);
  const auto log = durable_.find(newest_log_);
  return log != durable_.end() && log->second->synced == log->second->size;
}

/// With mutex_ held. False if the power fails now, or did before.
bool ForgetfulDisk::begin_operation() {
  if (!failed_ && ++operations_ == fail_at_) failed_ = true;
  return !failed_;
}

IOStatus ForgetfulDisk::power_is_off() {
  return IOStatus::IOError("the power is off");
}

/// Keeps what is under that name now, whatever becomes of the name.
ForgetfulDisk::InodePtr ForgetfulDisk::adopt(const std::string& name, std::uint64_t size) {
  auto inode = std::make_shared<Inode>();
  inode->data = inodes_ + "/" + std::to_string(++made_);
  inode->size = size;
  fs::create_hard_link(name, inode->data);
  return inode;
}

void ForgetfulDisk::change_names(Change change) {
  apply(change, names_);
  changes_.push_back(std::move(change));
}

void ForgetfulDisk::apply(const Change& change, Names& names) {
  for (const auto& [name, inode] : change) {
    if (inode) {
      names[name] = inode;
    } else {
      names.erase(name);
    }
  }
}

void ForgetfulDisk::sync_folder(const std::string& folder) {
  std::vector<Change> others;
  for (Change& change : changes_) {
    if (folder_of(change.front().first) == folder) {
      apply(change, durable_);
    } else {
      others.push_back(std::move(change));
    }
  }
  changes_ = std::move(others);
}

IOStatus ForgetfulDisk::NewWritableFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* result,
                                        rocksdb::IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (!begin_operation()) return power_is_off();
  // What was there before keeps its data until the folder is synced.
  std::error_code ignored;
  fs::remove(name, ignored);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (IOStatus status = target()->NewWritableFile(name, options, &file, debug); !status.ok()) {
    return status;
  }
  const InodePtr inode = adopt(name, 0);
  change_names({{name, inode}});
  if (name.ends_with(".log")) newest_log_ = name;
  *result = std::make_unique<File>(*this, name, inode, std::move(file));
  return IOStatus::OK();
}

IOStatus ForgetfulDisk::ReopenWritableFile(const std::string& name,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                                           rocksdb::IODebugContext* debug) {
  InodePtr inode;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = names_.find(name); at != names_.end()) inode = at->second;
  }
  if (!inode) return NewWritableFile(name, options, result, debug);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (IOStatus status = target()->ReopenWritableFile(name, options, &file, debug); !status.ok()) {
    return status;
  }
  *result = std::make_unique<File>(*this, name, inode, std::move(file));
  return IOStatus::OK();
}

IOStatus ForgetfulDisk::ReuseWritableFile(const std::string&, const std::string&,
                                          const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSWritableFile>*,
                                          rocksdb::IODebugContext*) {
  return IOStatus::NotSupported("ReuseWritableFile");
}

IOStatus ForgetfulDisk::NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                     std::unique_ptr<rocksdb::FSDirectory>* result,
                                     rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> folder;
  if (IOStatus status = target()->NewDirectory(name, options, &folder, debug); !status.ok()) {
    return status;
  }
  *result = std::make_unique<Folder>(*this, name, std::move(folder));
  return IOStatus::OK();
}

IOStatus ForgetfulDisk::DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                   rocksdb::IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (!begin_operation()) return power_is_off();
  IOStatus status = target()->DeleteFile(name, options, debug);
  if (status.ok()) change_names({{name, nullptr}});
  return status;
}

IOStatus ForgetfulDisk::RenameFile(const std::string& from, const std::string& to,
                                   const rocksdb::IOOptions& options,
                                   rocksdb::IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (!begin_operation()) return power_is_off();
  IOStatus status = target()->RenameFile(from, to, options, debug);
  if (status.ok()) change_names({{to, names_.at(from)}, {from, nullptr}});
  return status;
}

IOStatus ForgetfulDisk::LinkFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (!begin_operation()) return power_is_off();
  IOStatus status = target()->LinkFile(from, to, options, debug);
  if (status.ok()) change_names({{to, names_.at(from)}});
  if (fail_after_link_ > 0) fail_at_ = operations_ + std::exchange(fail_after_link_, 0);
  return status;
}

IOStatus ForgetfulDisk::CreateDir(const std::string& name, const rocksdb::IOOptions& options,
                                  rocksdb::IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (!begin_operation()) return power_is_off();
  IOStatus status = target()->CreateDir(name, options, debug);
  if (status.ok()) change_names({{name, std::make_shared<Inode>()}});
  return status;
}

IOStatus ForgetfulDisk::CreateDirIfMissing(const std::string& name,
                                           const rocksdb::IOOptions& options,
                                           rocksdb::IODebugContext* debug) {
  return fs::is_directory(name) ? IOStatus::OK() : CreateDir(name, options, debug);
}

void ForgetfulDisk::restore(const std::string& to, Unsynced unsynced,
                            std::mt19937_64& random) const {
  const std::lock_guard lock(mutex_);
  Names names = durable_;
  if (unsynced != Unsynced::Lost) {
    const std::uint64_t done = between(random, 0, changes_.size());
    for (std::uint64_t i = 0; i < done; ++i) apply(changes_[i], names);
  }
  for (const auto& [name, inode] : names) {
    const std::string target = to + name.substr(root_.size());
    if (!fs::is_directory(folder_of(target))) continue;  // it went with its folder
    if (inode->data.empty()) {
      fs::create_directory(target);
      continue;
    }
    std::uint64_t size = inode->synced;
    if (unsynced != Unsynced::Lost) size = between(random, size, inode->size);
    std::string text = read(inode->data, size);
    if (unsynced == Unsynced::Scattered) {
      for (std::uint64_t at = inode->synced; at < size;) {
        const std::uint64_t end = std::min((at / kSector + 1) * kSector, size);
        if (between(random, 0, 1) == 0)
          std::fill_n(text.begin() + static_cast<long>(at), end - at, '\0');
        at = end;
      }
    }
    std::ofstream(target, std::ios::binary) << text;
  }
}

}  // namespace carbon_spool
