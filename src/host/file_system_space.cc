#include "file_system_space.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience(2);

bool ask(const char* mount_point, FileSystemSpace& space) {
  struct stat about {};
  if (::stat(mount_point, &about) != 0) return false;
  space.device = about.st_dev;
  return ::statvfs(mount_point, &space.numbers) == 0;
}

/// A process that asks, and writes the answer into a pipe.
struct Asker {
  pid_t process = -1;
  UniqueFd answer;
};

/// What the child does. Between fork and its end it may do nothing but system calls. It holds no
/// descriptor but the pipe: connections of ours must end when we close them.
[[noreturn]] void answer_and_end(const char* mount_point, int pipe) {
  ::dup2(pipe, 0);
  ::close_range(1, ~0U, 0);
  FileSystemSpace space;
  const bool known = ask(mount_point, space);
  const bool told = known && ::write(0, &space, sizeof space) == ssize_t{sizeof space};
  ::_exit(told ? 0 : 1);
}

Asker start_asking(const std::string& mount_point) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  Asker asker{-1, UniqueFd(ends[0])};
  const UniqueFd write_end(ends[1]);
  asker.process = ::fork();
  if (asker.process == 0) answer_and_end(mount_point.c_str(), write_end.get());
  return asker;
}

std::optional<FileSystemSpace> answer_of(const Asker& asker, SteadyClock::time_point until) {
  if (asker.process < 0) return std::nullopt;
  pollfd wanted{asker.answer.get(), POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
  const int patience = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  FileSystemSpace space;
  if (::poll(&wanted, 1, patience) <= 0) return std::nullopt;
  // Less than a page, so it is written whole.
  if (::read(asker.answer.get(), &space, sizeof space) != ssize_t{sizeof space}) {
    return std::nullopt;
  }
  return space;
}

}  // namespace

std::optional<FileSystemSpace> ask_file_system(const std::string& mount_point) {
  FileSystemSpace space;
  if (!ask(mount_point.c_str(), space)) return std::nullopt;
  return space;
}

std::vector<std::optional<FileSystemSpace>> ask_network_file_systems(
    const std::vector<std::string>& mount_points) {
  std::vector<Asker> askers;
  askers.reserve(mount_points.size());
  for (const std::string& each : mount_points) askers.push_back(start_asking(each));
  const auto until = SteadyClock::now() + kPatience;
  std::vector<std::optional<FileSystemSpace>> answers;
  for (const Asker& each : askers) {
    answers.push_back(answer_of(each, until));
    if (each.process < 0) continue;
    ::kill(each.process, SIGKILL);
    // Waiting on a network file system can be killed (TASK_KILLABLE, since Linux 2.6.25).
    while (::waitpid(each.process, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  return answers;
}

}  // namespace carbon_spool
