#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "input_state.h"

namespace carbon_spool {

/// One HTTP connection that events come through: request, answer, again. An event is answered with
/// 200 only once it is durable.
/// Threads: that of its socket's executor.
class EventClient : public std::enable_shared_from_this<EventClient> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  EventClient(InputState& input, ListeningPtr listening, Socket socket, Milliseconds idle_timeout);

  /// Until the connection has ended.
  [[nodiscard]] boost::asio::awaitable<void> serve();

  /// Ends it; of an event that was handed over the answer is still given.
  void stop();

  [[nodiscard]] const Listening& listening() const { return *listening_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  /// False: the connection ends.
  [[nodiscard]] boost::asio::awaitable<bool> serve_one();
  [[nodiscard]] boost::asio::awaitable<bool> refuse_unread(boost::beast::error_code failed,
                                                           bool got_some);
  [[nodiscard]] boost::asio::awaitable<Response> answer_to(const Request& request);
  [[nodiscard]] boost::asio::awaitable<Response> take(const Request& request);
  /// False: the sink takes nothing now.
  [[nodiscard]] boost::asio::awaitable<bool> hand_over(const std::string& line,
                                                       std::uint32_t timestamp);
  [[nodiscard]] boost::asio::awaitable<bool> durable(std::uint64_t ticket);
  [[nodiscard]] boost::asio::awaitable<bool> respond(Response response, bool keep_alive);
  [[nodiscard]] boost::asio::awaitable<void> see_off();
  void count(Refusal reason, std::string_view sample);
  /// The connection is closed once that has passed.
  void set_deadline(Milliseconds from_now);

  InputState& input_;
  const ListeningPtr listening_;
  Socket socket_;
  boost::asio::steady_timer deadline_;
  const Milliseconds idle_timeout_;
  const std::string peer_;
  boost::beast::flat_buffer buffer_;
  bool handed_over_ = false;  ///< an answer is owed
  bool stopping_ = false;
  const Attendance::Presence presence_;
};

}  // namespace carbon_spool
