#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "carbon_spool/base/units.h"

#include "connection.h"

namespace carbon_spool {

struct HttpQuestion {
  bool post = false;   ///< else GET
  std::string target;  ///< path and query
  std::string host;    ///< for the header
  std::string body;    ///< JSON
};

/// What came back for it.
struct HttpAnswer {
  unsigned status = 0;  ///< 0: none came
  std::string body;     ///< as far as it is wanted
  bool body_whole = false;
  std::optional<Milliseconds> retry_after;
  std::string error;  ///< why none came
};

/// One connection to an HTTP server, one question at a time. Threads: that of its executor.
class HttpConnection {
 public:
  explicit HttpConnection(StreamSocket socket);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Asks, and waits for the answer for at most `timeout`; keeps up to `most_body` of its body.
  [[nodiscard]] asio::awaitable<HttpAnswer> ask(HttpQuestion question, Milliseconds timeout,
                                                std::size_t most_body);

  /// Whether it can be asked once more: the server has neither ended it nor said that it will.
  [[nodiscard]] bool is_usable();

  /// What is asked fails.
  void close();

 private:
  asio::awaitable<void> read_answer(HttpAnswer& answer, std::size_t most_body);

  const std::shared_ptr<StreamSocket> socket_;  ///< shared with the deadline's handler
  asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  bool ended_ = false;
};

}  // namespace carbon_spool
