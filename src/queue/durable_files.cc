#include "durable_files.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include <rocksdb/env.h>

namespace carbon_spool {
namespace {

Result<void> result_of(const rocksdb::Status& status) {
  if (!status.ok()) return Error{status.ToString()};
  return success();
}

rocksdb::Status fsync_folder(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> folder;
  rocksdb::Status status = env.NewDirectory(path, &folder);
  if (status.ok()) status = folder->Fsync();
  return status;
}

std::string folder_of(const std::string& path) {
  const std::string above = std::filesystem::path(path).parent_path();
  return above.empty() ? "." : above;
}

}  // namespace

Result<void> sync_folder(rocksdb::Env& env, const std::string& path) {
  return result_of(fsync_folder(env, path));
}

Result<void> make_folder(rocksdb::Env& env, const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return success();
  // "a/b/" is "a/b".
  if (path.size() > 1 && path.ends_with('/')) {
    return make_folder(env, path.substr(0, path.size() - 1));
  }
  const std::string above = folder_of(path);
  if (above != path) {
    if (auto made = make_folder(env, above); !made) return made;
  }
  rocksdb::Status status = env.CreateDirIfMissing(path);
  if (status.ok()) status = fsync_folder(env, above);
  return result_of(status);
}

Result<void> append_to_file(rocksdb::Env& env, const std::string& path, std::string_view text) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.ReopenWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(rocksdb::Slice(text.data(), text.size()));
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) status = fsync_folder(env, folder_of(path));
  return result_of(status);
}

Result<void> sync_files(rocksdb::Env& env, const std::string& path, std::string_view ending) {
  std::vector<std::string> names;
  rocksdb::Status status = env.GetChildren(path, &names);
  std::erase_if(names, [&](const std::string& name) { return !name.ends_with(ending); });
  // By number, which has six digits at least.
  const auto is_older = [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  };
  for (const std::string& name : names) {
    const std::string whole = std::filesystem::path(path) / name;
    if (!status.ok() || !env.FileExists(whole).ok()) continue;
    std::unique_ptr<rocksdb::WritableFile> file;
    status = env.ReopenWritableFile(whole, &file, rocksdb::EnvOptions());
    if (status.ok()) status = file->Sync();
    if (status.ok()) status = file->Close();
    // One that went just before was made anew by that. Only the newest may be empty otherwise.
    std::uint64_t bytes = 0;
    const bool newest = name == *std::ranges::max_element(names, is_older);
    if (!newest && env.GetFileSize(whole, &bytes).ok() && bytes == 0) {
      static_cast<void>(env.DeleteFile(whole));
    }
  }
  if (status.ok()) status = fsync_folder(env, path);
  return result_of(status);
}

}  // namespace carbon_spool
