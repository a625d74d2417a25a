// Bytes as an HTTP request that brings an event, in two pieces, and as an event itself: nothing
// crashes or reads beyond them, and what is taken is one line that is taken again as it is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/event.h"

namespace carbon_spool {
namespace {

namespace http = boost::beast::http;

constexpr std::int64_t kNow = 1700000000123;

void check_event(std::string_view json) {
  const EventReading read = read_event(json, kNow);
  if (!read.line) {
    CS_ASSERT(!read.why.empty());
    CS_ASSERT(event_error_body(read.why).starts_with("{\"error\": \""));
    return;
  }
  const std::string_view line = read.line->text;
  CS_ASSERT(line.size() <= kMaxEventBytes + 1);
  CS_ASSERT(line.find('\n') == line.size() - 1);
  CS_ASSERT(line.find('\0') == std::string_view::npos);

  const EventReading again = read_event(line.substr(0, line.size() - 1), kNow + 1000);
  CS_ASSERT(again.line);
  CS_ASSERT(again.line->text == line);
  CS_ASSERT(again.line->timestamp == read.line->timestamp);

  const EventIdentity identity = identity_of(line);
  CS_ASSERT(identity.second == read.line->timestamp);
  // A list is a level deeper, and may be too deep.
  if (const auto stored = count_stored(identity, '[' + std::string(line) + ']')) {
    CS_ASSERT(stored.value() == 1);
  }
  static_cast<void>(count_stored(identity, json));
}

/// As the input reads it, with less room, so that its bounds are met.
void check_request(std::string_view bytes, std::size_t cut) {
  constexpr std::uint32_t kMostHeaderBytes = 512;
  constexpr std::uint64_t kMostBodyBytes = 1024;
  http::request_parser<http::string_body> parser;
  parser.header_limit(kMostHeaderBytes);
  parser.body_limit(kMostBodyBytes);
  parser.eager(true);
  std::string unread;
  for (const std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    unread += piece;
    while (!unread.empty() && !parser.is_done()) {
      boost::beast::error_code failed;
      const std::size_t taken = parser.put(boost::asio::buffer(unread), failed);
      CS_ASSERT(taken <= unread.size());
      unread.erase(0, taken);
      if (failed == http::error::need_more) break;
      if (failed) return;
      if (taken == 0) break;
    }
  }
  if (!parser.is_done()) return;
  CS_ASSERT(parser.get().body().size() <= kMostBodyBytes);
  check_event(parser.get().body());
}

void run(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t cut = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  check_event(bytes);
  check_request(bytes, std::min(cut, bytes.size()));
}

}  // namespace
}  // namespace carbon_spool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carbon_spool::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
