#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bound_socket.h"

namespace carbon_spool {

/// Accepts clients that are served by a coroutine each, and whose connections are closed in order:
/// they have answers, which say what was accepted. Threads: that of the io_context; making one,
/// `open` and `close` before it runs or on it.
class StreamAcceptor {
 public:
  using Protocol = boost::asio::generic::stream_protocol;

  explicit StreamAcceptor(boost::asio::io_context& io) : acceptor_(io), pause_(io) {}

  /// False: the kernel cannot watch any more sockets.
  [[nodiscard]] bool open(BoundSocket& socket);
  void close();

  /// The next client, if `failed` is not set.
  [[nodiscard]] boost::asio::awaitable<Protocol::socket> accept(boost::system::error_code& failed);
  /// To be waited for before the next try.
  [[nodiscard]] boost::asio::awaitable<void> pause();

 private:
  boost::asio::basic_socket_acceptor<Protocol> acceptor_;
  boost::asio::steady_timer pause_;
};

}  // namespace carbon_spool
