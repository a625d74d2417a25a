#include "host_root.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {
namespace {

/// What no file that is read here comes near to.
constexpr std::size_t kMostRead = std::size_t{4} << 20;

Error failure(std::string_view path) {
  return Error{std::string(path) + ": " + std::generic_category().message(errno)};
}

std::string without_slash_at_end(std::string folder) {
  while (folder.ends_with('/')) folder.pop_back();
  return folder;
}

}  // namespace

HostRoot::HostRoot(const std::string& folder) : folder_(without_slash_at_end(folder)) {}

Result<std::string> HostRoot::read(std::string_view path) const {
  // A pipe that nobody writes to would block.
  const UniqueFd file(::open(path_of(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return failure(path);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return failure(path);
  if (!S_ISREG(about.st_mode)) return Error{std::string(path) + ": not a file"};
  std::string text;
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  while (text.size() < kMostRead) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const ssize_t got = ::read(file.get(), text.data() + before, kPiece);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return failure(path);
  }
  return text;
}

Result<std::string> HostRoot::read_of_process(std::string_view name) const {
  if (!folder_.empty()) {
    auto of_first = read("/proc/1/" + std::string(name));
    if (of_first) return of_first;
  }
  return read((name == "mountstats" ? "/proc/self/" : "/proc/") + std::string(name));
}

std::vector<std::string> HostRoot::names_in(std::string_view path) const {
  std::vector<std::string> names;
  std::error_code failed;
  std::filesystem::directory_iterator at(path_of(path), failed);
  for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string HostRoot::link_target(std::string_view path) const {
  std::error_code failed;
  const std::filesystem::path target = std::filesystem::read_symlink(path_of(path), failed);
  if (failed) return "";
  // An absolute target takes the place of the folder.
  return (std::filesystem::path(path).parent_path() / target).lexically_normal().string();
}

}  // namespace carbon_spool
