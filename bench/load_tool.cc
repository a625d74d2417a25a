#include "load_tool.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "carbon_spool/base/address.h"

namespace carbon_spool {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const std::string& host_port) {
  const Result<Address> address = parse_address("tcp://" + host_port);
  if (!address) fail(address.error().message, 0);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.value().port);
  const int error = ::getaddrinfo(address.value().host.c_str(), port.c_str(), &hints, &list);
  if (error != 0) fail(host_port + ": " + ::gai_strerror(error), 0);
  return {list, &::freeaddrinfo};
}

UniqueFd tcp_socket(const addrinfo& address) {
  return UniqueFd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void make_non_blocking(const UniqueFd& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

}  // namespace

void fail(const std::string& what, int error) {
  const std::string reason = error != 0 ? std::string(": ") + std::strerror(error) : "";
  std::fprintf(stderr, "%s%s\n", what.c_str(), reason.c_str());
  std::exit(1);
}

UniqueFd connect_to(const std::string& host_port) {
  const AddressList list = resolve(host_port);
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    UniqueFd fd = tcp_socket(*each);
    if (fd && ::connect(fd.get(), each->ai_addr, each->ai_addrlen) == 0) {
      make_non_blocking(fd);
      return fd;
    }
  }
  fail("connect to " + host_port);
}

UniqueFd listen_on(const std::string& host_port) {
  const AddressList list = resolve(host_port);
  UniqueFd fd = tcp_socket(*list);
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(fd.get(), 4096) != 0) {
    fail("listen on " + host_port);
  }
  make_non_blocking(fd);
  return fd;
}

std::uint16_t port_of(const UniqueFd& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("getsockname");
  }
  // The port stands at the same place for IPv4 and IPv6.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void watch(const UniqueFd& epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0) return;
  if (errno != EEXIST || ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    fail("epoll_ctl");
}

std::map<std::string, Values> value_kinds() {
  return {{"drifting", Values::Drifting}, {"numbers", Values::Numbers}, {"times", Values::Times}};
}

std::uint64_t now_microseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace carbon_spool
