#include "event_client.h"

#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "carbon_spool/wire/event.h"

#include "socket_address.h"

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMostHeaderBytes = 8 * 1024;
/// For an answer to be taken, and for a client to see it and close.
constexpr Milliseconds kAnswerTimeout{10'000};
/// How long the sink may hold up everybody's events before one is answered with 503.
constexpr Milliseconds kMostPatience{200};
/// What a client that was refused may still send before it is reset, so that it sees the answer.
constexpr std::size_t kMostUnread = 1024 * 1024;

bool is_path_of_events(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return path == "/events" || path == "/events/";
}

/// HTTP/1.0 does not know the answer to it.
bool asks_whether_to_go_on(const http::request<http::string_body>& request) {
  return request.version() >= 11 &&
         boost::beast::iequals(request[http::field::expect], "100-continue");
}

http::response<http::string_body> plain(http::status status, std::string body = {}) {
  http::response<http::string_body> response(status, 11);
  if (!body.empty()) response.set(http::field::content_type, "application/json");
  response.body() = std::move(body);
  return response;
}

}  // namespace

EventClient::EventClient(InputState& input, ListeningPtr listening, Socket socket,
                         Milliseconds idle_timeout)
    : input_(input),
      listening_(std::move(listening)),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      idle_timeout_(idle_timeout),
      peer_(peer_name(socket_.native_handle())),
      buffer_(kMostHeaderBytes + kMaxEventBytes),
      presence_(input.connections) {}

void EventClient::stop() {
  stopping_ = true;
  error_code ignored;
  if (!handed_over_) socket_.close(ignored);
}

void EventClient::set_deadline(Milliseconds from_now) {
  deadline_.expires_after(from_now);
  deadline_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    // It may have been put off after it had gone off.
    if (self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    error_code ignored;
    self->socket_.close(ignored);
  });
}

asio::awaitable<void> EventClient::serve() {
  while (co_await serve_one()) {
  }
  deadline_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> EventClient::serve_one() {
  Parser parser;
  parser.header_limit(kMostHeaderBytes);
  parser.body_limit(kMaxEventBytes);
  set_deadline(idle_timeout_);
  error_code failed;
  co_await http::async_read_header(socket_, buffer_, parser,
                                   asio::redirect_error(asio::use_awaitable, failed));
  if (!failed && asks_whether_to_go_on(parser.get())) {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(socket_, asio::buffer(kGoOn),
                               asio::redirect_error(asio::use_awaitable, failed));
  }
  if (!failed) {
    co_await http::async_read(socket_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, failed));
  }
  if (failed) co_return co_await refuse_unread(failed, parser.got_some());
  const Request request = parser.release();
  Response response = co_await answer_to(request);
  response.version(request.version());
  co_return co_await respond(std::move(response), request.keep_alive() && !stopping_);
}

/// A request that did not come whole. Who went away, or took too long, gets no answer, and is
/// counted if something of a request was there.
asio::awaitable<bool> EventClient::refuse_unread(error_code failed, bool got_some) {
  if (failed == http::error::body_limit || failed == http::error::buffer_overflow) {
    count(Refusal::EventTooLarge, "");
    co_await respond(
        plain(http::status::payload_too_large, event_error_body("the event is too large")), false);
    co_return false;
  }
  if (failed == http::error::header_limit) {
    count(Refusal::BadRequest, "a header that is too long");
    co_await respond(plain(http::status::request_header_fields_too_large), false);
    co_return false;
  }
  const bool is_broken = failed.category() == make_error_code(http::error::bad_method).category() &&
                         failed != http::error::end_of_stream &&
                         failed != http::error::partial_message;
  if (!is_broken) {
    // What a stop of ours cut short is nobody's fault.
    if (got_some && !stopping_) count(Refusal::Unterminated, "");
    co_return false;
  }
  count(Refusal::BadRequest, failed.message());
  co_await respond(plain(http::status::bad_request, event_error_body(failed.message())), false);
  co_return false;
}

asio::awaitable<EventClient::Response> EventClient::answer_to(const Request& request) {
  const std::string_view target(request.target().data(), request.target().size());
  if (!is_path_of_events(target)) {
    count(Refusal::BadRequest, target);
    co_return plain(http::status::not_found);
  }
  if (request.method() != http::verb::post) {
    const auto method = request.method_string();
    count(Refusal::BadRequest, std::string_view(method.data(), method.size()));
    Response response = plain(http::status::method_not_allowed);
    response.set(http::field::allow, "POST");
    co_return response;
  }
  co_return co_await take(request);
}

asio::awaitable<EventClient::Response> EventClient::take(const Request& request) {
  const EventReading event = read_event(request.body(), input_.clock.unix_milliseconds());
  if (!event.line) {
    count(event.reason, request.body());
    co_return plain(event.reason == Refusal::EventTooLarge ? http::status::payload_too_large
                                                           : http::status::bad_request,
                    event_error_body(event.why));
  }
  if (co_await hand_over(event.line->text, event.line->timestamp))
    co_return plain(http::status::ok);
  Response response =
      plain(http::status::service_unavailable, event_error_body("the queue takes nothing now"));
  response.set(http::field::retry_after, "1");
  co_return response;
}

asio::awaitable<bool> EventClient::hand_over(const std::string& line, std::uint32_t timestamp) {
  if (stopping_) co_return false;
  auto builder = input_.sink.obtain_builder_within(kMostPatience);
  if (!builder) co_return false;
  line.copy(builder->room().data(), line.size());
  builder->commit(input_.producer, line.size(), 1, timestamp, timestamp);
  // What the disk takes long for is no fault of the client.
  deadline_.cancel();
  handed_over_ = true;
  const bool accepted = co_await durable(input_.sink.submit(std::move(*builder)));
  handed_over_ = false;
  co_return accepted;
}

asio::awaitable<bool> EventClient::durable(std::uint64_t ticket) {
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [this, executor, ticket](auto handler) {
        // std::function copies, and this handler can only be moved.
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        input_.sink.when_durable(ticket, [shared, executor](bool accepted) {
          asio::post(executor, [shared, accepted] { std::move (*shared)(accepted); });
        });
      },
      asio::use_awaitable);
}

asio::awaitable<bool> EventClient::respond(Response response, bool keep_alive) {
  response.keep_alive(keep_alive);
  response.prepare_payload();
  set_deadline(kAnswerTimeout);
  error_code failed;
  co_await http::async_write(socket_, response, asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return false;
  if (!keep_alive) co_await see_off();
  co_return keep_alive;
}

/// Closing with something unread would reset the connection, and the answer might be lost by it.
asio::awaitable<void> EventClient::see_off() {
  error_code failed;
  socket_.shutdown(Socket::shutdown_send, failed);
  std::array<char, 4096> unread{};
  for (std::size_t read = 0; !failed && read < kMostUnread;) {
    // A stop waits for no client to close: what is there already is what would reset it.
    if (stopping_ && socket_.available(failed) == 0) co_return;
    read += co_await socket_.async_read_some(asio::buffer(unread),
                                             asio::redirect_error(asio::use_awaitable, failed));
  }
}

void EventClient::count(Refusal reason, std::string_view sample) {
  RefusalCounts counts{};
  counts[static_cast<std::size_t>(reason)] = 1;
  input_.count_refused(counts, sample, peer_);
}

}  // namespace carbon_spool
