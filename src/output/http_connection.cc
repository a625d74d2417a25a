#include "http_connection.h"

#include <charconv>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sys/socket.h>

namespace carbon_spool {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMostHeaderBytes = 32 * 1024;
constexpr std::size_t kMostBuffered = 64 * 1024;
/// Answers that only announce another (100 to 199).
constexpr int kMostInformational = 5;

/// Of seconds only: a date would depend on two clocks.
std::optional<Milliseconds> retry_after_of(std::string_view text) {
  std::uint32_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return Seconds(seconds);
}

}  // namespace

HttpConnection::HttpConnection(StreamSocket socket)
    : socket_(std::make_shared<StreamSocket>(std::move(socket))),
      deadline_(socket_->get_executor()),
      buffer_(kMostBuffered) {}

HttpConnection::~HttpConnection() {
  close();
}

void HttpConnection::close() {
  ended_ = true;
  error_code ignored;
  socket_->close(ignored);
}

bool HttpConnection::is_usable() {
  if (ended_ || !socket_->is_open() || buffer_.size() > 0) return false;
  // Whatever there is to read is no answer to anything: an end of file, or nonsense.
  char unread = 0;
  return ::recv(socket_->native_handle(), &unread, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<HttpAnswer> HttpConnection::ask(HttpQuestion question, Milliseconds timeout,
                                                std::size_t most_body) {
  const auto timed_out = std::make_shared<bool>(false);
  deadline_.expires_after(timeout);
  deadline_.async_wait([timed_out, weak = std::weak_ptr(socket_)](const error_code& cancelled) {
    const auto socket = weak.lock();
    if (cancelled || !socket) return;
    *timed_out = true;
    error_code ignored;
    socket->close(ignored);
  });
  http::request<http::string_body> request(question.post ? http::verb::post : http::verb::get,
                                           question.target, 11);
  request.set(http::field::host, question.host);
  request.set(http::field::user_agent, "carbon-spool/" CARBON_SPOOL_VERSION);
  request.set(http::field::accept, "application/json");
  if (question.post) request.set(http::field::content_type, "application/json");
  request.body() = std::move(question.body);
  request.prepare_payload();
  HttpAnswer answer;
  error_code failed;
  co_await http::async_write(*socket_, request, asio::redirect_error(asio::use_awaitable, failed));
  if (failed) {
    answer.error = failed.message();
  } else {
    co_await read_answer(answer, most_body);
  }
  deadline_.cancel();
  if (*timed_out) answer.error = "no answer within " + format_duration(timeout);
  if (answer.status == 0 || !answer.body_whole) close();
  co_return answer;
}

asio::awaitable<void> HttpConnection::read_answer(HttpAnswer& answer, std::size_t most_body) {
  error_code failed;
  for (int i = 0; i < kMostInformational; ++i) {
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMostHeaderBytes);
    parser.body_limit(most_body);
    co_await http::async_read_header(*socket_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, failed));
    // The length alone may be too much, which says nothing against the status.
    const bool has_status = parser.is_header_done() || failed == http::error::body_limit;
    if (failed && !has_status) {
      answer.error = failed == http::error::end_of_stream
                         ? "the server closed the connection without an answer"
                         : failed.message();
      co_return;
    }
    if (parser.get().result_int() / 100 == 1) continue;
    answer.status = parser.get().result_int();
    const auto retry_after = parser.get()[http::field::retry_after];
    answer.retry_after = retry_after_of({retry_after.data(), retry_after.size()});
    if (failed) co_return;
    co_await http::async_read(*socket_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, failed));
    answer.body_whole = !failed;
    if (!parser.get().keep_alive()) close();
    answer.body = std::move(parser.get().body());
    co_return;
  }
  answer.error = "no end of informational answers";
}

}  // namespace carbon_spool
