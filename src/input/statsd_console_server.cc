#include "statsd_console_server.h"

#include <chrono>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t kMostClients = 32;
constexpr std::size_t kLongestCommand = 16 * 1024;
constexpr std::chrono::seconds kPieceDeadline(60);
}  // namespace

void StatsdConsoleServer::listen(std::vector<BoundSocket> sockets) {
  for (BoundSocket& each : sockets) {
    StreamAcceptor& acceptor = acceptors_.emplace_back(io_);
    if (!acceptor.open(each)) continue;
    if (each.file) files_.push_back(std::move(*each.file));
    asio::co_spawn(io_, accept_clients(acceptor), asio::detached);
  }
}

void StatsdConsoleServer::stop() {
  stopping_ = true;
  files_.clear();
  for (StreamAcceptor& each : acceptors_) each.close();
  error_code ignored;
  for (Socket* each : clients_) each->close(ignored);
}

asio::awaitable<void> StatsdConsoleServer::accept_clients(StreamAcceptor& acceptor) {
  while (!stopping_) {
    error_code failed;
    Socket client = co_await acceptor.accept(failed);
    if (stopping_) co_return;
    if (failed) {
      co_await acceptor.pause();
      continue;
    }
    // Who came first gives way: silence never shuts others out.
    if (clients_.size() >= kMostClients) clients_.front()->close(failed);
    asio::co_spawn(io_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> StatsdConsoleServer::serve(Socket client) {
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

asio::awaitable<bool> StatsdConsoleServer::answer(Socket& client, std::string_view command) {
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
