#include "stream_listener.h"

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include "ingest_thread.h"
#include "socket_address.h"
#include "stream_connection.h"

namespace carbon_spool {
namespace {

/// The most that is accepted before connections have their turn.
constexpr int kAcceptsPerTurn = 64;
/// How long to leave clients waiting when the kernel has nothing left to accept them with.
constexpr std::chrono::milliseconds kPause{100};

UniqueFd accept_from(int listener) {
  return UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

UniqueFd open_spare() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/// True for what concerns only the connection that was about to be accepted (see accept(2)).
bool concerns_one_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
      return true;
    default:
      return false;
  }
}

}  // namespace

StreamListener::StreamListener(InputState& input, ListeningPtr listening, IngestThreads& threads,
                               UniqueFd fd)
    : InputSocket(input, input.listeners, std::move(listening), threads.at(0), std::move(fd)),
      threads_(threads),
      timer_(threads.at(0).io()),
      spare_(open_spare()) {}

void StreamListener::begin(std::unique_ptr<StreamListener> self) {
  if (self->is_stopping()) return;
  self->join_thread();
  wait_until_readable(std::move(self));
}

void StreamListener::on_readable(std::unique_ptr<StreamListener> self) {
  if (is_stopping()) return;
  for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
    const int error = accept_one();
    if (error == EAGAIN) break;
    if (error == 0 || concerns_one_connection(error)) continue;
    input_.log_trouble("cannot accept connections, waiting: " +
                       std::generic_category().message(error));
    return pause(std::move(self));
  }
  wait_until_readable(std::move(self));
}

int StreamListener::accept_one() {
  UniqueFd connection = accept_from(fd());
  if (connection) {
    admit(std::move(connection));
    return 0;
  }
  return errno == EMFILE || errno == ENFILE ? refuse_with_spare() : errno;
}

void StreamListener::admit(UniqueFd connection) {
  // Only this thread lets connections in, so the count cannot grow behind our back.
  if (!input_.has_room_for(connection.get())) return;
  IngestThread& thread =
      threads_.at(std::exchange(next_thread_, (next_thread_ + 1) % threads_.size()));
  auto stream =
      std::make_unique<StreamConnection>(input_, listening_, thread, std::move(connection));
  if (!stream->is_open()) {
    input_.count_connection_refused("a client", "the kernel cannot watch any more sockets");
    return;
  }
  if (&thread == &thread_) return StreamConnection::begin(std::move(stream));
  boost::asio::post(thread.io(), [stream = std::move(stream)]() mutable {
    StreamConnection::begin(std::move(stream));
  });
}

int StreamListener::refuse_with_spare() {
  if (!spare_) spare_ = open_spare();
  if (!spare_) return EMFILE;
  spare_ = {};
  int error = 0;
  if (const UniqueFd connection = accept_from(fd())) {
    input_.count_connection_refused(peer_name(connection.get()), "no file descriptors are left");
  } else {
    error = errno;
  }
  spare_ = open_spare();
  return error;
}

void StreamListener::pause(std::unique_ptr<StreamListener> self) {
  auto& timer = self->timer_;
  timer.expires_after(kPause);
  timer.async_wait([self = std::move(self)](const boost::system::error_code&) mutable {
    if (self->is_open()) wait_until_readable(std::move(self));
  });
}

void StreamListener::stop() {
  close();
  timer_.cancel();
}

}  // namespace carbon_spool
