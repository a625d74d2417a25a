#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace carbon_spool {

/// Which file it is, whatever its name. The number of a file that was deleted is given to another
/// one soon; when it was made tells them apart, where the file system keeps that (statx(2),
/// STATX_BTIME: ext4, XFS, Btrfs and tmpfs do, NFS does not).
struct FileId {
  std::uint64_t inode = 0;
  std::int64_t born_at = 0;  ///< Unix nanoseconds; 0: not kept

  /// No other file can have it, ever.
  [[nodiscard]] bool is_certain() const { return born_at != 0; }

  friend auto operator<=>(const FileId&, const FileId&) = default;
};

/// None if it cannot be told; errno says why.
[[nodiscard]] std::optional<FileId> file_id_of(int fd);
[[nodiscard]] std::optional<FileId> file_id_at(const std::string& path);

}  // namespace carbon_spool
