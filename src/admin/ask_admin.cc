#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/base/socket_file.h"
#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {
namespace {

using Clock = std::chrono::steady_clock;

/// Waits until `fd` is ready; false when the deadline passes first.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waited{fd, events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Error last_error() {
  return Error{std::generic_category().message(errno)};
}

}  // namespace

Result<void> ask_admin(const std::string& path, const std::string& request,
                       const std::function<bool(std::string_view piece)>& take,
                       int timeout_seconds) {
  const Error late{"no answer within " + std::to_string(timeout_seconds) + " s"};
  const std::chrono::seconds timeout(timeout_seconds);
  auto deadline = Clock::now() + timeout;
  const Result<sockaddr_un> address = unix_address(path);
  if (!address) return address.error();
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return last_error().in(path);
  // A Unix socket connects at once or, where the listener's queue is full, says EAGAIN.
  const auto* generic = reinterpret_cast<const sockaddr*>(&address.value());
  if (::connect(fd.get(), generic, sizeof(sockaddr_un)) != 0) {
    if (errno == EAGAIN) return late.in(path);
    return last_error().in(path);
  }

  const std::string line = request + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    if (!wait_for(fd.get(), POLLOUT, deadline)) return late.in(path);
    const ssize_t some = ::send(fd.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (some < 0 && errno != EAGAIN && errno != EINTR) return last_error().in(path);
    if (some > 0) sent += static_cast<std::size_t>(some);
  }

  bool answered = false;
  std::array<char, 65536> piece{};
  while (true) {
    if (!wait_for(fd.get(), POLLIN, deadline)) return late.in(path);
    const ssize_t some = ::recv(fd.get(), piece.data(), piece.size(), 0);
    if (some == 0) break;
    if (some < 0 && errno != EAGAIN && errno != EINTR) return last_error().in(path);
    if (some < 0) continue;
    answered = true;
    if (!take({piece.data(), static_cast<std::size_t>(some)})) return success();
    deadline = Clock::now() + timeout;
  }
  if (!answered) return Error{"closed without an answer"}.in(path);
  return success();
}

Result<std::string> ask_admin(const std::string& path, const std::string& request,
                              int timeout_seconds) {
  std::string answer;
  const auto append = [&answer](std::string_view piece) {
    answer += piece;
    return true;
  };
  if (auto asked = ask_admin(path, request, append, timeout_seconds); !asked) return asked.error();
  return answer;
}

}  // namespace carbon_spool
