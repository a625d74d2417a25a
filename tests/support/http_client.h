#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "socket_client.h"

namespace carbon_spool {

/// An answer as it came.
struct HttpReply {
  int status = 0;    ///< 0: the connection ended without one
  std::string head;  ///< status line and fields
  std::string body;

  [[nodiscard]] bool has(std::string_view field) const {
    return head.find("\r\n" + std::string(field) + "\r\n") != std::string::npos;
  }
};

/// A request with a body, `fields` each with its CRLF.
inline std::string http_post(std::string_view body, std::string_view fields = "",
                             std::string_view start = "POST /events/ HTTP/1.1") {
  return std::string(start) + "\r\nHost: here\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Reads answers off a socket one by one, and leaves what to ask to the test.
class HttpClient {
 public:
  explicit HttpClient(const Address& address) : socket(address) {}

  /// The next answer.
  [[nodiscard]] HttpReply reply() {
    HttpReply reply;
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_more()) return reply;
    }
    reply.head = unread_.substr(0, end + 2);
    unread_.erase(0, end + 4);
    REQUIRE(reply.head.starts_with("HTTP/1."));
    reply.status = number_behind(reply.head, " ");
    const int length = number_behind(reply.head, "\r\nContent-Length: ");
    while (unread_.size() < static_cast<std::size_t>(length)) REQUIRE(receive_more());
    reply.body = unread_.substr(0, static_cast<std::size_t>(length));
    unread_.erase(0, reply.body.size());
    return reply;
  }

  [[nodiscard]] HttpReply ask(std::string_view request) {
    socket.send(request);
    return reply();
  }

  /// Whether the connection ends with nothing more on it.
  [[nodiscard]] bool ends() { return unread_.empty() && socket.receive().empty(); }

  SocketClient socket;

 private:
  [[nodiscard]] bool receive_more() {
    const std::string more = socket.receive();
    unread_ += more;
    return !more.empty();
  }

  [[nodiscard]] static int number_behind(std::string_view text, std::string_view mark) {
    const std::size_t at = text.find(mark);
    int number = 0;
    if (at == std::string_view::npos) return number;
    text.remove_prefix(at + mark.size());
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  std::string unread_;
};

}  // namespace carbon_spool
