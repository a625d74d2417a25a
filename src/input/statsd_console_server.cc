#include "statsd_console_server.h"

#include <chrono>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <sys/socket.h>

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t kMostClients = 32;
constexpr std::size_t kLongestCommand = 16 * 1024;
constexpr std::chrono::seconds kPieceDeadline(60);
/// Before the next try when there is no file descriptor for a client.
constexpr std::chrono::milliseconds kAcceptPause(100);

int family_of(const Address& address) {
  if (!address.path.empty()) return AF_UNIX;
  return address.host.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

/// A listener's sockets are reset when they are closed (bound_socket.cc); these are not.
void close_in_order(int fd) {
  const linger in_order{0, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &in_order, sizeof(in_order));
}

}  // namespace

void StatsdConsoleServer::listen(std::vector<BoundSocket> sockets) {
  for (BoundSocket& each : sockets) {
    Acceptor& acceptor = acceptors_.emplace_back(io_);
    error_code failed;
    acceptor.assign(Protocol(family_of(each.address), 0), each.fd.get(), failed);
    if (failed) continue;
    static_cast<void>(each.fd.release());
    if (each.file) files_.push_back(std::move(*each.file));
    asio::co_spawn(io_, accept_clients(acceptor), asio::detached);
  }
}

void StatsdConsoleServer::stop() {
  stopping_ = true;
  files_.clear();
  error_code ignored;
  for (Acceptor& each : acceptors_) each.close(ignored);
  for (asio::steady_timer& each : pauses_) each.cancel();
  for (Protocol::socket* each : clients_) each->close(ignored);
}

asio::awaitable<void> StatsdConsoleServer::accept_clients(Acceptor& acceptor) {
  asio::steady_timer& pause = pauses_.emplace_back(io_);
  while (!stopping_) {
    error_code failed;
    Protocol::socket client =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (stopping_) co_return;
    if (failed) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
    close_in_order(client.native_handle());
    // Who came first gives way: silence never shuts others out.
    if (clients_.size() >= kMostClients) clients_.front()->close(failed);
    asio::co_spawn(io_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> StatsdConsoleServer::serve(Protocol::socket client) {
  const auto place = clients_.insert(clients_.end(), &client);
  std::string unread;
  bool open = true;
  while (open && !stopping_) {
    error_code failed;
    const std::size_t line =
        co_await asio::async_read_until(client, asio::dynamic_buffer(unread, kLongestCommand), '\n',
                                        asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    open = co_await answer(client, std::string_view(unread).substr(0, line - 1));
    unread.erase(0, line);
  }
  clients_.erase(place);
}

asio::awaitable<bool> StatsdConsoleServer::answer(Protocol::socket& client,
                                                  std::string_view command) {
  const StatsdConsole::Reply reply = console_.reply(command);
  asio::steady_timer deadline(io_);
  for (std::string piece = reply.next_piece(); !piece.empty(); piece = reply.next_piece()) {
    error_code failed;
    error_code ignored;
    deadline.expires_after(kPieceDeadline);
    const auto first =
        co_await (asio::async_write(client, asio::buffer(piece),
                                    asio::redirect_error(asio::use_awaitable, failed)) ||
                  deadline.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
    if (first.index() == 1 || failed || stopping_) co_return false;
  }
  co_return !reply.close;
}

}  // namespace carbon_spool
