#pragma once

#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace rocksdb {
class Env;
}

namespace carbon_spool {

// What the queue makes on its disk beside RocksDB, so that it is still there after a power loss: a
// file is not before it is synced, and its name not before the folder is.

/// The names in it.
[[nodiscard]] Result<void> sync_folder(rocksdb::Env& env, const std::string& path);

/// Makes the folder and those above it that are missing.
[[nodiscard]] Result<void> make_folder(rocksdb::Env& env, const std::string& path);

/// Appends to the file, or makes it. Its folder must be there.
[[nodiscard]] Result<void> append_to_file(rocksdb::Env& env, const std::string& path,
                                          std::string_view text);

/// Syncs the numbered files whose names end like that, as far as they were written when it began,
/// and the folder. Others may write to the newest meanwhile, and remove older ones.
[[nodiscard]] Result<void> sync_files(rocksdb::Env& env, const std::string& path,
                                      std::string_view ending);

}  // namespace carbon_spool
