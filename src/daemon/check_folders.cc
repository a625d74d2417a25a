#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

bool writable(const fs::path& folder) {
  return ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

/// Why files cannot be made in `folder`, if it is there, or the folder itself, if it is not.
std::optional<FolderProblem> why_not_usable(const fs::path& folder) {
  fs::path at = folder;
  std::error_code error;
  while (!fs::exists(at, error)) {
    if (error) return FolderProblem{at.string() + ": " + error.message(), true};
    const fs::path above = at.has_parent_path() ? at.parent_path() : fs::path(".");
    if (above == at) break;
    at = above;
  }
  if (!fs::is_directory(at, error)) {
    return FolderProblem{at.string() + " is not a folder", false};
  }
  if (writable(at)) return std::nullopt;
  if (at == folder) return FolderProblem{at.string() + " cannot be written", true};
  return FolderProblem{folder.string() + " is not there, and cannot be made in " + at.string(),
                       true};
}

}  // namespace

std::vector<FolderProblem> check_folders(const Config& config) {
  std::vector<FolderProblem> problems;
  const auto check = [&](const fs::path& folder, bool needed, const std::string& advice) {
    const auto why = why_not_usable(folder);
    if (why) problems.push_back({why->sentence + "; " + advice, why->may_pass && !needed});
  };
  check(fs::absolute(config.queue.path).lexically_normal(), false,
        "set queue.path to a folder that this user may write");
  check(fs::absolute(config.admin_socket).lexically_normal().parent_path(), true,
        "set admin.socket to a path in a folder that this user may write");
  return problems;
}

}  // namespace carbon_spool
