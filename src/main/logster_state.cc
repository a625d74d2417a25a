#include "logster_state.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace carbon_spool {
namespace {

// The file: this line; INODE BORN_AT OFFSET HEAD_HASH HEAD_BYTES STARTED and LF; what the parser
// saved.
constexpr std::string_view kVersion = "carbon-spool logster 2";

Error failure(const std::string& path) {
  return Error{std::generic_category().message(errno)}.in(path);
}

}  // namespace

Result<LogsterStateFile> LogsterStateFile::open(const std::string& folder,
                                                const std::string& name) {
  constexpr mode_t kFolderMode = 0755;
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) return failure(folder);
  LogsterStateFile file;
  file.path_ = folder + "/" + name + ".state";
  const std::string lock = folder + "/" + name + ".lock";
  constexpr mode_t kFileMode = 0644;
  file.lock_ = UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.lock_) return failure(lock);
  if (::flock(file.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error{"another run is under way"}.in(lock);
    return failure(lock);
  }
  return file;
}

Result<std::optional<LogsterState>> LogsterStateFile::read() const {
  errno = 0;
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::optional<LogsterState>();
    return failure(path_);
  }
  std::string version;
  LogsterState state;
  std::getline(file, version);
  LogPlace& place = state.place;
  file >> place.file.inode >> place.file.born_at >> place.offset >> place.head_hash >>
      place.head_bytes >> state.started;
  if (version != kVersion || file.get() != '\n') {
    return Error{"is no state of carbon-spool logster; remove it to begin at the log's end"}.in(
        path_);
  }
  state.parser.assign(std::istreambuf_iterator<char>(file), {});
  return std::optional<LogsterState>(std::move(state));
}

Result<void> LogsterStateFile::write(const LogsterState& state) const {
  std::ostringstream text;
  text << kVersion << '\n'
       << state.place.file.inode << ' ' << state.place.file.born_at << ' ' << state.place.offset
       << ' ' << state.place.head_hash << ' ' << state.place.head_bytes << ' ' << state.started
       << '\n'
       << state.parser;
  const std::string bytes = text.str();
  const std::string fresh = path_ + ".new";
  constexpr mode_t kFileMode = 0644;
  const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!fd) return failure(fresh);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(fresh);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) return failure(fresh);
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) return failure(path_);
  return success();
}

}  // namespace carbon_spool
