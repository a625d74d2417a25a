#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "carbon_spool/output/graphite_sender.h"

#include "confirm.h"
#include "dial.h"

namespace carbon_spool {
namespace {

asio::awaitable<Probe> probe(const Address& address, Milliseconds connect_timeout,
                             Milliseconds confirm_timeout) {
  Probe probe;
  Dialled dialled = co_await dial(address, connect_timeout);
  probe.connected = dialled.socket.has_value();
  probe.peer = dialled.peer;
  probe.error = dialled.error;
  if (!probe.connected) co_return probe;

  Wakeup ignored(co_await asio::this_coro::executor);
  const ConnectionPtr connection = Connection::adopt(std::move(*dialled.socket), ignored);
  const Ending ending = co_await confirm(*connection, confirm_timeout);
  probe.confirmed = ending == Ending::Clean;
  probe.error = connection->failure();
  if (ending == Ending::Silent || ending == Ending::TimedOut) {
    probe.error = "did not close its side within " + format_duration(confirm_timeout) +
                  " after we had closed ours";
  }
  connection->close();
  co_return probe;
}

}  // namespace

Probe probe_destination(const Address& address, Milliseconds connect_timeout,
                        Milliseconds confirm_timeout) {
  asio::io_context io(1);
  Probe result;
  asio::co_spawn(io, probe(address, connect_timeout, confirm_timeout),
                 [&](const std::exception_ptr& failed, Probe found) {
                   if (failed) std::rethrow_exception(failed);
                   result = std::move(found);
                 });
  io.run();
  return result;
}

}  // namespace carbon_spool
