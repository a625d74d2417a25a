#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/statvfs.h>
#include <sys/types.h>

namespace carbon_spool {

/// What a file system says of itself.
struct FileSystemSpace {
  dev_t device = 0;
  struct statvfs numbers {};
};

/// Asks the one that is mounted there. None: it does not say. May block.
[[nodiscard]] std::optional<FileSystemSpace> ask_file_system(const std::string& mount_point);

/// Asks many at once, in a process each, since a server that is gone makes who asks wait until
/// somebody ends it. After two seconds together what has not answered is none.
[[nodiscard]] std::vector<std::optional<FileSystemSpace>> ask_network_file_systems(
    const std::vector<std::string>& mount_points);

}  // namespace carbon_spool
