#include "receiver.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr std::size_t kMaxOutputBytes = 4 << 20;
constexpr int kDatagramsAtOnce = 64;
constexpr std::chrono::seconds kCountEvery(1);

std::uint64_t count_line_ends(std::string_view bytes) {
  std::uint64_t count = 0;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while ((at = static_cast<const char*>(
              std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
    ++at;
    ++count;
  }
  return count;
}

void close_in_order_when_closed(int fd) {
  const linger orderly{0, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &orderly, sizeof orderly);
}

}  // namespace

Receiver::Receiver(std::vector<ListeningSocket> sockets, Print print, int output_fd)
    : print_(print),
      output_fd_(output_fd),
      sockets_(std::move(sockets)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(new char[kBufferBytes]) {
  CS_ASSERT(epoll_);
  for (const ListeningSocket& each : sockets_) watch(each.fd());
}

void Receiver::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

bool Receiver::run(const std::atomic<bool>& stop, int wake_fd) {
  using Clock = std::chrono::steady_clock;
  watch(wake_fd);
  auto next_count = Clock::now() + kCountEvery;
  std::array<epoll_event, 256> events{};
  while (!stop) {
    const bool count_due = print_ == Print::Count && lines_ != printed_count_;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_count - Clock::now());
    const int timeout = count_due ? static_cast<int>(std::max<std::int64_t>(left.count(), 0)) : -1;
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == wake_fd) continue;
      if (const auto peer = peers_.find(fd); peer != peers_.end()) {
        receive_stream(peer->second);
      } else if (std::ranges::any_of(sockets_, [&](const auto& each) {
                   return each.fd() == fd && each.takes_datagrams();
                 })) {
        receive_datagrams(fd);
      } else {
        accept_from(fd);
      }
      if (output_.size() > kMaxOutputBytes && !write_out(stop)) return stop;
    }
    if (!write_out(stop)) return stop;
    close_confirmed();
    if (count_due && Clock::now() >= next_count) {
      if (!print_count(false)) return stop;
      next_count = Clock::now() + kCountEvery;
    }
  }
  return print_ == Print::Lines || print_count(true);
}

void Receiver::accept_from(int listener) {
  while (true) {
    UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) {
      if (errno == EMFILE || errno == ENFILE) pause_accepting();
      if (errno != EINTR && errno != ECONNABORTED) return;
      continue;
    }
    const int fd = connection.get();
    peers_.emplace(fd, Peer(std::move(connection)));
    watch(fd);
  }
}

// With no file descriptor left the listeners stay readable; the loop would spin.
void Receiver::pause_accepting() {
  accepting_ = false;
  for (const ListeningSocket& each : sockets_) {
    if (!each.takes_datagrams()) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, each.fd(), nullptr);
  }
}

void Receiver::resume_accepting() {
  accepting_ = true;
  for (const ListeningSocket& each : sockets_) {
    if (!each.takes_datagrams()) watch(each.fd());
  }
}

void Receiver::receive_datagrams(int fd) {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const ssize_t size = ::recv(fd, buffer_.get(), kBufferBytes, 0);
    if (size < 0) return;
    const std::string_view datagram(buffer_.get(), static_cast<std::size_t>(size));
    lines_ += count_line_ends(datagram);
    const bool unended = !datagram.empty() && datagram.back() != '\n';
    if (unended) ++lines_;
    if (print_ == Print::Count) continue;
    output_ += datagram;
    if (unended) output_ += '\n';
  }
}

void Receiver::receive_stream(Peer& peer) {
  const ssize_t size = ::recv(peer.fd.get(), buffer_.get(), kBufferBytes, 0);
  if (size > 0) {
    if (take(peer, {buffer_.get(), static_cast<std::size_t>(size)})) return;
  } else if (size == 0) {
    ended_.push_back(peer.fd.get());
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, peer.fd.get(), nullptr);
    return;
  } else if (errno == EAGAIN || errno == EINTR) {
    return;
  }
  peers_.erase(peer.fd.get());
  if (!accepting_) resume_accepting();
}

/// False if a line is longer than carbon takes one.
bool Receiver::take(Peer& peer, std::string_view bytes) {
  lines_ += count_line_ends(bytes);
  if (print_ == Print::Count) return true;
  const std::size_t whole = bytes.rfind('\n') + 1;
  if (whole > 0) {
    output_ += peer.fragment;
    output_ += bytes.substr(0, whole);
    peer.fragment.clear();
  }
  peer.fragment += bytes.substr(whole);
  return peer.fragment.size() <= kMaxLineBytes;
}

/// False if not all could be written: the output is broken, or nobody reads it and `stop` is set.
bool Receiver::write_out(const std::atomic<bool>& stop) {
  std::string_view rest = output_;
  while (!rest.empty()) {
    std::size_t most = rest.size();
    if (stop) {
      pollfd writable{output_fd_, POLLOUT, 0};
      if (::poll(&writable, 1, 0) <= 0) return false;
      most = std::min<std::size_t>(most, PIPE_BUF);  // which a writable pipe takes without blocking
    }
    const ssize_t some = ::write(output_fd_, rest.data(), most);
    if (some < 0 && errno != EINTR) return false;
    if (some > 0) rest.remove_prefix(static_cast<std::size_t>(some));
  }
  output_.clear();
  return true;
}

void Receiver::close_confirmed() {
  for (const int fd : ended_) {
    close_in_order_when_closed(fd);
    peers_.erase(fd);
  }
  if (!ended_.empty() && !accepting_) resume_accepting();
  ended_.clear();
}

bool Receiver::print_count(bool last) {
  if (last && lines_ == printed_count_ && lines_ > 0) return true;
  printed_count_ = lines_;
  const std::string line = std::to_string(lines_) + " lines\n";
  return ::write(output_fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace carbon_spool
