#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "carbon_spool/output/event_sender.h"

#include "dial.h"
#include "event_delivery.h"
#include "http_connection.h"

namespace carbon_spool {

Probe probe_web(const WebAddress& address, Milliseconds connect_timeout,
                Milliseconds answer_timeout) {
  asio::io_context io(1);
  Probe result;
  const auto probe = [&]() -> asio::awaitable<void> {
    Dialled dialled = co_await dial(address.server, connect_timeout);
    result.connected = dialled.socket.has_value();
    result.peer = dialled.peer;
    result.error = dialled.error;
    if (!result.connected) co_return;
    HttpConnection connection(std::move(*dialled.socket));
    EventIdentity nothing;
    nothing.second = 1;
    const HttpAnswer answer =
        co_await connection.ask(question_that_looks(address, nothing), answer_timeout, kMostOfLook);
    result.error = answer.status == 0 ? answer.error : describe_answer(answer);
    result.confirmed = answer.status == 200 && count_stored(nothing, answer.body).has_value();
    if (result.confirmed) result.error.clear();
  };
  asio::co_spawn(io, probe(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  return result;
}

}  // namespace carbon_spool
