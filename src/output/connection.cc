#include "connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/socket_base.hpp>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kMaxPieces = 256;  // of one write; far below IOV_MAX
/// How much of a talkative peer is read before others get their turn, and how long it then waits.
constexpr int kReadsInARow = 4;
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr Milliseconds kPause{100};

std::string describe(int error) {
  return std::generic_category().message(error);
}

template <class Value>
void set_option(int fd, int level, int option, Value value) {
  // A kernel without the option still carries bytes.
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
}

/// A dead peer is found while idle within half a minute, and the kernel keeps little unsent, or
/// live points would wait behind megabytes of backlog.
void set_tcp_options(int fd) {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 128 * 1024);
}

bool speaks_tcp(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

}  // namespace

std::shared_ptr<Connection> Connection::adopt(StreamSocket socket, Wakeup& changed) {
  std::shared_ptr<Connection> connection(new Connection(std::move(socket), changed));
  connection->watch();
  return connection;
}

Connection::Connection(StreamSocket socket, Wakeup& changed)
    : socket_(std::move(socket)),
      pause_(socket_.get_executor()),
      changed_(&changed),
      is_tcp_(speaks_tcp(socket_.native_handle())) {
  if (is_tcp_) set_tcp_options(socket_.native_handle());
}

void Connection::changed() {
  if (changed_ != nullptr) changed_->notify();
}

void Connection::load(std::shared_ptr<const void> owner, std::string_view text) {
  CS_ASSERT(!half_closed_);
  if (text.empty()) return;
  pieces_.push_back({std::move(owner), text});
  unwritten_ += text.size();
}

bool Connection::crowded() const {
  return pieces_.size() >= kMaxPieces;
}

void Connection::write() {
  std::array<iovec, kMaxPieces> parts;
  const std::size_t count = std::min(pieces_.size(), kMaxPieces);
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<char*>(pieces_[i].text.data()), pieces_[i].text.size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t result = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (result < 0) {
    if (errno == EAGAIN) return await_room();
    if (errno != EINTR) fail(describe(errno));
    return;
  }
  auto left = static_cast<std::size_t>(result);
  written_ += left;
  unwritten_ -= left;
  while (left > 0) {
    std::string_view& text = pieces_.front().text;
    const std::size_t part = std::min(left, text.size());
    text.remove_prefix(part);
    left -= part;
    if (text.empty()) pieces_.pop_front();
  }
}

void Connection::await_room() {
  writable_ = false;
  socket_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error) return;
                       self->writable_ = true;
                       self->changed();
                     });
}

void Connection::watch() {
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->failed() || self->peer_closed_) return;
                       switch (self->read_some()) {
                         case Input::Silent:
                           return self->watch();
                         case Input::More:
                           return self->watch_later();
                         case Input::Over:
                           return self->changed();
                       }
                     });
}

void Connection::watch_later() {
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->watch();
  });
}

Connection::Input Connection::read_some() {
  std::array<char, kReadBytes> nonsense;
  for (int i = 0; i < kReadsInARow; ++i) {
    const ssize_t result =
        ::recv(socket_.native_handle(), nonsense.data(), nonsense.size(), MSG_DONTWAIT);
    if (result > 0) continue;
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && errno == EAGAIN) return Input::Silent;
    if (result < 0) {
      fail(describe(errno));
    } else if (half_closed_) {
      peer_closed_ = true;
    } else {
      fail("it closed the connection");
    }
    return Input::Over;
  }
  return Input::More;
}

void Connection::check_peer() {
  CS_ASSERT(!half_closed_);
  if (!failed()) static_cast<void>(read_some());
}

bool Connection::half_close() {
  CS_ASSERT(unwritten_ == 0 && !half_closed_);
  if (failed() || read_some() != Input::Silent) return false;
  if (::shutdown(socket_.native_handle(), SHUT_WR) != 0) {
    fail(describe(errno));
    return false;
  }
  half_closed_ = true;
  return true;
}

bool Connection::no_error_pending() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    error = errno;
  if (error != 0) fail(describe(error));
  return !failed();
}

PeerSample Connection::sample() {
  PeerSample sample;
  sample.at = present();
  sample.written = written_;
  int queued = 0;
  const bool known = ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) == 0;
  sample.queued = known ? static_cast<std::uint64_t>(queued) : written_;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (is_tcp_ && ::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    sample.tcp = PeerSample::Tcp{info.tcpi_unacked > 0, info.tcpi_retransmits, info.tcpi_probes,
                                 Milliseconds(info.tcpi_last_ack_recv)};
  }
  return sample;
}

void Connection::fail(std::string_view why) {
  if (failed()) return;
  failure_ = why;
  changed();
}

void Connection::abort() {
  if (socket_.is_open()) {
    set_option(socket_.native_handle(), SOL_SOCKET, SO_LINGER, linger{1, 0});
  }
  close();
}

void Connection::close() {
  boost::system::error_code ignored;
  changed_ = nullptr;
  pause_.cancel();
  socket_.close(ignored);
  pieces_.clear();
  unwritten_ = 0;
}

}  // namespace carbon_spool
