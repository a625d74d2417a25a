#include "service_manager.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/un.h>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

void tell_service_manager(std::string_view change) {
  const char* const variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = variable == nullptr ? "" : variable;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  // An abstract name: a zero instead of the @, and no zero behind it.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  // The shape in which the socket functions take every kind of address.
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  static_cast<void>(::sendto(socket.get(), change.data(), change.size(), MSG_NOSIGNAL, to, length));
}

}  // namespace carbon_spool
