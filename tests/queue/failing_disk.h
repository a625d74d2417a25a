#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <rocksdb/file_system.h>

namespace carbon_spool {

/// A disk that fails as it is told to, until it is healed. Threads: any.
class FailingDisk final : public rocksdb::FileSystemWrapper {
 public:
  enum Operation : unsigned {
    Make = 1,   ///< open a file that is to be written, make a folder, take the lock
    Write = 2,  ///< append
    Sync = 4,   ///< a file or a folder
    Names = 8,  ///< rename, delete, link
    Open = 16,  ///< to read
    Read = 32,
    AllWrites = Make | Write | Sync | Names,
    AllReads = Open | Read,
  };
  struct Fault {
    unsigned operations = 0;
    std::string files;  ///< part of their names; empty: all
    rocksdb::IOStatus status;
    bool half_written = false;  ///< the first half of an append is there
    /// It begins when the first of these is done to a file that is so named, or was.
    unsigned begins_with = 0;
    std::string begins_at = {};
  };

  FailingDisk() : FileSystemWrapper(FileSystem::Default()) {}

  void fail(Fault fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
    failures_ = 0;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fault_.reset();
  }
  [[nodiscard]] std::uint64_t failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

  const char* Name() const override { return "FailingDisk"; }

  using Status = rocksdb::IOStatus;
  using Options = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;

  Status NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSWritableFile>* result, Debug* debug) override {
    if (Status status = attempt(Make, name); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    Status status = target()->NewWritableFile(name, options, &file, debug);
    if (status.ok()) *result = std::make_unique<WrittenFile>(*this, name, std::move(file));
    return status;
  }
  Status ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                            std::unique_ptr<rocksdb::FSWritableFile>* result,
                            Debug* debug) override {
    if (Status status = attempt(Make, name); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    Status status = target()->ReopenWritableFile(name, options, &file, debug);
    if (status.ok()) *result = std::make_unique<WrittenFile>(*this, name, std::move(file));
    return status;
  }
  Status NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSSequentialFile>* result,
                           Debug* debug) override {
    if (Status status = attempt(Open, name); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    Status status = target()->NewSequentialFile(name, options, &file, debug);
    if (status.ok()) *result = std::make_unique<FileInOrder>(*this, name, std::move(file));
    return status;
  }
  Status NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                             Debug* debug) override {
    if (Status status = attempt(Open, name); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    Status status = target()->NewRandomAccessFile(name, options, &file, debug);
    if (status.ok()) *result = std::make_unique<FileAnywhere>(*this, name, std::move(file));
    return status;
  }
  Status NewDirectory(const std::string& name, const Options& options,
                      std::unique_ptr<rocksdb::FSDirectory>* result, Debug* debug) override {
    std::unique_ptr<rocksdb::FSDirectory> folder;
    Status status = target()->NewDirectory(name, options, &folder, debug);
    if (status.ok()) *result = std::make_unique<Folder>(*this, name, std::move(folder));
    return status;
  }
  Status CreateDir(const std::string& name, const Options& options, Debug* debug) override {
    if (Status status = attempt(Make, name); !status.ok()) return status;
    return target()->CreateDir(name, options, debug);
  }
  Status CreateDirIfMissing(const std::string& name, const Options& options,
                            Debug* debug) override {
    if (std::filesystem::is_directory(name)) return Status::OK();
    return CreateDir(name, options, debug);
  }
  Status DeleteFile(const std::string& name, const Options& options, Debug* debug) override {
    if (Status status = attempt(Names, name); !status.ok()) return status;
    return target()->DeleteFile(name, options, debug);
  }
  Status RenameFile(const std::string& from, const std::string& to, const Options& options,
                    Debug* debug) override {
    if (Status status = attempt(Names, to); !status.ok()) return status;
    return target()->RenameFile(from, to, options, debug);
  }
  Status LinkFile(const std::string& from, const std::string& to, const Options& options,
                  Debug* debug) override {
    Status status = attempt(Names, to);
    if (status.ok()) status = target()->LinkFile(from, to, options, debug);
    begin(Names, from);
    return status;
  }
  Status LockFile(const std::string& name, const Options& options, rocksdb::FileLock** lock,
                  Debug* debug) override {
    // As the machine's disk says it: context, file, and why.
    if (Status status = attempt(Make, name); !status.ok()) {
      return Status::IOError("while open a file for lock: " + name, status.getState());
    }
    return target()->LockFile(name, options, lock, debug);
  }

 private:
  class WrittenFile final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    WrittenFile(FailingDisk& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

    Status Append(const rocksdb::Slice& data, const Options& options, Debug* debug) override {
      Status status = disk_.attempt(Write, name_);
      if (status.ok()) return target()->Append(data, options, debug);
      if (disk_.writes_halves()) {
        static_cast<void>(target()->Append({data.data(), data.size() / 2}, options, debug));
      }
      return status;
    }
    Status Append(const rocksdb::Slice& data, const Options& options,
                  const rocksdb::DataVerificationInfo&, Debug* debug) override {
      return Append(data, options, debug);
    }
    // What really is on the disk matters to no test that uses this.
    Status Sync(const Options&, Debug*) override { return disk_.attempt(FailingDisk::Sync, name_); }
    Status Fsync(const Options&, Debug*) override {
      return disk_.attempt(FailingDisk::Sync, name_);
    }

   private:
    FailingDisk& disk_;
    const std::string name_;
  };

  class FileInOrder final : public rocksdb::FSSequentialFileOwnerWrapper {
   public:
    FileInOrder(FailingDisk& disk, std::string name,
                std::unique_ptr<rocksdb::FSSequentialFile> file)
        : FSSequentialFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

    Status Read(std::size_t n, const Options& options, rocksdb::Slice* result, char* scratch,
                Debug* debug) override {
      if (Status status = disk_.attempt(FailingDisk::Read, name_); !status.ok()) {
        *result = {};
        return status;
      }
      return target()->Read(n, options, result, scratch, debug);
    }

   private:
    FailingDisk& disk_;
    const std::string name_;
  };

  class FileAnywhere final : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    FileAnywhere(FailingDisk& disk, std::string name,
                 std::unique_ptr<rocksdb::FSRandomAccessFile> file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

    Status Read(std::uint64_t offset, std::size_t n, const Options& options, rocksdb::Slice* result,
                char* scratch, Debug* debug) const override {
      if (Status status = disk_.attempt(FailingDisk::Read, name_); !status.ok()) {
        *result = {};
        return status;
      }
      return target()->Read(offset, n, options, result, scratch, debug);
    }

   private:
    FailingDisk& disk_;
    const std::string name_;
  };

  class Folder final : public rocksdb::FSDirectoryWrapper {
   public:
    Folder(FailingDisk& disk, std::string name, std::unique_ptr<rocksdb::FSDirectory> folder)
        : FSDirectoryWrapper(std::move(folder)), disk_(disk), name_(std::move(name)) {}

    Status Fsync(const Options&, Debug*) override { return disk_.attempt(Sync, name_); }
    Status FsyncWithDirOptions(const Options&, Debug*, const rocksdb::DirFsyncOptions&) override {
      return disk_.attempt(Sync, name_);
    }

   private:
    FailingDisk& disk_;
    const std::string name_;
  };

  [[nodiscard]] Status attempt(Operation operation, const std::string& name) {
    begin(operation, name);
    const std::lock_guard lock(mutex_);
    if (!fault_ || fault_->begins_with != 0) return Status::OK();
    if ((fault_->operations & operation) == 0) return Status::OK();
    const std::string file = std::filesystem::path(name).filename();
    if (file.find(fault_->files) == std::string::npos) return Status::OK();
    ++failures_;
    return fault_->status;
  }
  void begin(Operation operation, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (!fault_ || (fault_->begins_with & operation) == 0) return;
    if (name.ends_with(fault_->begins_at)) fault_->begins_with = 0;
  }
  [[nodiscard]] bool writes_halves() const {
    const std::lock_guard lock(mutex_);
    return fault_ && fault_->half_written;
  }

  mutable std::mutex mutex_;  // protects all below
  std::optional<Fault> fault_;
  std::uint64_t failures_ = 0;
};

}  // namespace carbon_spool
