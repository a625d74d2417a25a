#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "carbon_spool/statsd/statsd_console.h"

#include "bound_socket.h"

namespace carbon_spool {

/// The management console's connections. Bounded in number, and in what each may send; one that
/// takes no piece of a reply within a minute is closed. Threads: that of the io_context; making one
/// and `stop` before it runs or on it.
class StatsdConsoleServer {
 public:
  StatsdConsoleServer(boost::asio::io_context& io, StatsdConsole& console)
      : io_(io), console_(console) {}

  void listen(std::vector<BoundSocket> sockets);
  /// Closes everything; the coroutines end when the io_context runs on.
  void stop();

 private:
  using Protocol = boost::asio::generic::stream_protocol;
  using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;

  [[nodiscard]] boost::asio::awaitable<void> accept_clients(Acceptor& acceptor);
  [[nodiscard]] boost::asio::awaitable<void> serve(Protocol::socket client);
  /// False: it is to be closed.
  [[nodiscard]] boost::asio::awaitable<bool> answer(Protocol::socket& client,
                                                    std::string_view command);

  boost::asio::io_context& io_;
  StatsdConsole& console_;
  std::vector<OwnSocketFile> files_;
  std::list<Acceptor> acceptors_;
  std::list<boost::asio::steady_timer> pauses_;
  std::list<Protocol::socket*> clients_;  ///< each lives in its `serve`
  bool stopping_ = false;
};

}  // namespace carbon_spool
