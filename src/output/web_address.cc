#include "carbon_spool/base/log.h"
#include "carbon_spool/output/event_sender.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::uint16_t kDefaultPort = 80;

bool is_path_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && c != '?' && c != '#' && c != '\\' && c != '"';
}

Error wrong(std::string_view text) {
  return Error{"expected an address such as \"http://graphite.example.com:8080\", found " +
               quote_for_log(text)};
}

}  // namespace

Result<WebAddress> parse_web_address(std::string_view text) {
  if (text.starts_with("https://")) {
    return Error{"https:// is not available yet, found " + quote_for_log(text)};
  }
  if (!text.starts_with(kScheme)) return wrong(text);
  const std::string_view rest = text.substr(kScheme.size());
  std::string server(rest.substr(0, rest.find('/')));
  std::string_view path = rest.substr(server.size());
  if (server.empty()) return wrong(text);
  if (server.find('@') != std::string::npos) {
    return Error{"a user in an address is not available yet"};
  }
  const bool has_port =
      server.find(':', server.front() == '[' ? server.find(']') : 0) != std::string::npos;
  if (!has_port) server += ":" + std::to_string(kDefaultPort);
  const auto address = parse_address("tcp://" + server);
  if (!address || address.value().port == 0) return wrong(text);
  while (path.ends_with('/')) path.remove_suffix(1);
  for (const char c : path) {
    if (!is_path_byte(c)) return wrong(text);
  }
  return WebAddress{address.value(), std::string(path)};
}

std::string to_string(const WebAddress& address) {
  return std::string(kScheme) + to_string(address.server).substr(std::string("tcp://").size()) +
         address.prefix;
}

}  // namespace carbon_spool
