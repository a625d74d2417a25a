#include "carbon_spool/logs/file_id.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace carbon_spool {
namespace {

std::optional<FileId> file_id(int folder, const char* path, int flags) {
  struct statx status {};
  if (::statx(folder, path, flags, STATX_INO | STATX_BTIME, &status) != 0) return std::nullopt;
  FileId id{status.stx_ino, 0};
  if ((status.stx_mask & STATX_BTIME) != 0) {
    constexpr std::int64_t kNanoseconds = 1'000'000'000;
    id.born_at = status.stx_btime.tv_sec * kNanoseconds + status.stx_btime.tv_nsec;
  }
  return id;
}

}  // namespace

std::optional<FileId> file_id_of(int fd) {
  return file_id(fd, "", AT_EMPTY_PATH);
}

std::optional<FileId> file_id_at(const std::string& path) {
  return file_id(AT_FDCWD, path.c_str(), 0);
}

}  // namespace carbon_spool
