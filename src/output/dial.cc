#include "dial.h"

#include <utility>
#include <vector>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/un.h>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using asio::experimental::awaitable_operators::operator||;

struct Place {
  asio::generic::stream_protocol::endpoint endpoint;
  std::string name;
};

/// The places an address stands for; none, and why, if there are none.
struct Places {
  std::vector<Place> found;
  std::string error;
};

std::string describe(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Places find_socket_file(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return {{}, path + ": the path is too long for a Unix socket"};
  }
  return {{{asio::local::stream_protocol::endpoint(path), path}}, {}};
}

asio::awaitable<Places> resolve(const Address& address) {
  tcp::resolver resolver(co_await asio::this_coro::executor);
  error_code error;
  const auto results = co_await resolver.async_resolve(
      address.host, std::to_string(address.port), asio::redirect_error(asio::use_awaitable, error));
  Places places;
  if (error) places.error = "cannot resolve " + address.host + ": " + error.message();
  for (const auto& entry : results) {
    places.found.push_back({entry.endpoint(), describe(entry.endpoint())});
  }
  co_return places;
}

/// Connects the socket, or says why not; empty: connected.
asio::awaitable<std::string> connect(StreamSocket& socket, const Place& place,
                                     Milliseconds timeout) {
  asio::steady_timer deadline(socket.get_executor(), timeout);
  error_code error;
  error_code ignored;
  const auto first = co_await (
      socket.async_connect(place.endpoint, asio::redirect_error(asio::use_awaitable, error)) ||
      deadline.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
  if (first.index() == 1) co_return "no answer within " + format_duration(timeout);
  if (error) co_return error.message();
  // A Unix socket whose queue of connections is full says EAGAIN, which Asio takes for success.
  const auto remote = socket.remote_endpoint(error);
  if (error) co_return "it accepts no connection now";
  // A port of this machine that nobody listens on can be given to the connecting socket itself.
  const auto local = socket.local_endpoint(error);
  const bool is_file = remote.protocol().family() == AF_UNIX;
  if (!is_file && local == remote) co_return "nobody listens there";
  co_return "";
}

}  // namespace

asio::awaitable<Dialled> dial(const Address& address, Milliseconds timeout) {
  const bool is_file = address.transport == Address::Transport::UnixStream;
  CS_ASSERT(is_file || address.transport == Address::Transport::Tcp);
  Places places;
  if (is_file) {
    places = find_socket_file(address.path);
  } else {
    places = co_await resolve(address);
  }

  const auto executor = co_await asio::this_coro::executor;
  Dialled dialled;
  dialled.error = places.error;
  for (const Place& place : places.found) {
    StreamSocket socket(executor);
    const std::string failure = co_await connect(socket, place, timeout);
    if (failure.empty()) {
      dialled.socket = std::move(socket);
      dialled.peer = place.name;
      dialled.error.clear();
      break;
    }
    if (!dialled.error.empty()) dialled.error += "; ";
    dialled.error += place.name + ": " + failure;
  }
  co_return dialled;
}

}  // namespace carbon_spool
