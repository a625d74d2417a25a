#include "stream_acceptor.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

#include "carbon_spool/base/units.h"

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Before the next try when there is no file descriptor for a client.
constexpr Milliseconds kAcceptPause{100};

int family_of(const Address& address) {
  if (!address.path.empty()) return AF_UNIX;
  return address.host.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

}  // namespace

bool StreamAcceptor::open(BoundSocket& socket) {
  error_code failed;
  acceptor_.assign(Protocol(family_of(socket.address), 0), socket.fd.get(), failed);
  if (failed) return false;
  static_cast<void>(socket.fd.release());
  return true;
}

void StreamAcceptor::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

asio::awaitable<StreamAcceptor::Protocol::socket> StreamAcceptor::accept(error_code& failed) {
  Protocol::socket client =
      co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
  if (!failed) close_in_order(client.native_handle());
  co_return client;
}

asio::awaitable<void> StreamAcceptor::pause() {
  error_code ignored;
  pause_.expires_after(kAcceptPause);
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace carbon_spool
