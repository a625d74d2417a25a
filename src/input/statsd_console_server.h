#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "carbon_spool/statsd/statsd_console.h"

#include "bound_socket.h"
#include "stream_acceptor.h"

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
  using Socket = StreamAcceptor::Protocol::socket;

  [[nodiscard]] boost::asio::awaitable<void> accept_clients(StreamAcceptor& acceptor);
  [[nodiscard]] boost::asio::awaitable<void> serve(Socket client);
  /// False: it is to be closed.
  [[nodiscard]] boost::asio::awaitable<bool> answer(Socket& client, std::string_view command);

  boost::asio::io_context& io_;
  StatsdConsole& console_;
  std::vector<OwnSocketFile> files_;
  std::list<StreamAcceptor> acceptors_;
  std::list<Socket*> clients_;  ///< each lives in its `serve`
  bool stopping_ = false;
};

}  // namespace carbon_spool
