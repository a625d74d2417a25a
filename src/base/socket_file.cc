#include "carbon_spool/base/socket_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <sys/socket.h>
#include <sys/stat.h>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {
namespace {

Error system_error(int code, const std::string& path) {
  return Error{std::generic_category().message(code)}.in(path);
}

/// The reason why a connection to the socket fails; 0: it does not.
int try_connect(const sockaddr_un& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return errno;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(probe.get(), generic, sizeof address) == 0 ? 0 : errno;
}

}  // namespace

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{"the path of a socket has at most " + std::to_string(sizeof address.sun_path - 1) +
                 " bytes"}
        .in(path);
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<void> clear_socket_file(const std::string& path) {
  const Result<sockaddr_un> address = unix_address(path);
  if (!address) return address.error();

  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  if (failed) return Error{failed.message()}.in(folder.string());

  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return success();
    return system_error(errno, path);
  }
  if (!S_ISSOCK(about.st_mode)) return Error{path + " is there and is not a socket"};

  const int refusal = try_connect(address.value());
  // EPROTOTYPE: it is a datagram socket, and alive.
  if (refusal == 0 || refusal == EAGAIN || refusal == EPROTOTYPE)
    return Error{"another process listens on " + path};
  if (refusal != ECONNREFUSED) return system_error(refusal, path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, path);
  return success();
}

}  // namespace carbon_spool
