#include "carbon_spool/base/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>
#include <sys/un.h>

namespace carbon_spool {
namespace {

constexpr std::string_view kExpected =
    "expected tcp://host:port, udp://host:port, unix:///path or unixgram:///path";
// The kernel wants a terminating zero.
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

Error error(std::string_view expected, std::string_view text) {
  return Error{std::string(expected) + ", found \"" + std::string(text) + "\""};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc{} || rest != end) return std::nullopt;
  return port;
}

bool is_ipv6(std::string_view host) {
  in6_addr ignored{};
  const std::string numeric(host.substr(0, host.find('%')));
  return ::inet_pton(AF_INET6, numeric.c_str(), &ignored) == 1;
}

bool is_host_byte(char c) {
  const bool alphanumeric =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || c == '.' || c == '-' || c == '_';
}

Result<Address> parse_host_port(Address::Transport transport, std::string_view rest,
                                std::string_view text) {
  Address address;
  address.transport = transport;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find("]:");
    if (close == std::string_view::npos) {
      return error("expected an IPv6 address in brackets, then :port", text);
    }
    address.host = rest.substr(1, close - 1);
    port = rest.substr(close + 2);
    if (!is_ipv6(address.host)) return error("expected an IPv6 address in the brackets", text);
  } else {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return error("expected a port after the host", text);
    address.host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) {
      return error("expected an IPv6 address to stand in brackets", text);
    }
    if (address.host.empty() || !std::ranges::all_of(address.host, is_host_byte)) {
      return error("expected a host name or an IP address before the port", text);
    }
  }
  const auto number = parse_port(port);
  if (!number) return error("expected a port from 0 to 65535", text);
  address.port = *number;
  return address;
}

Result<Address> parse_path(Address::Transport transport, std::string_view path,
                           std::string_view text) {
  if (!path.starts_with('/') || path.ends_with('/')) {
    return error("expected the absolute path of a socket, as in unix:///run/graphite.sock", text);
  }
  if (path.size() > kLongestPath || path.find('\0') != std::string_view::npos) {
    return error("expected a socket's path of at most " + std::to_string(kLongestPath) + " bytes",
                 text);
  }
  Address address;
  address.transport = transport;
  address.path = path;
  return address;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return error(kExpected, text);
  const std::string_view scheme = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 3);
  using enum Address::Transport;
  if (scheme == "tcp") return parse_host_port(Tcp, rest, text);
  if (scheme == "udp") return parse_host_port(Udp, rest, text);
  if (scheme == "unix") return parse_path(UnixStream, rest, text);
  if (scheme == "unixgram") return parse_path(UnixDatagram, rest, text);
  if (scheme == "tls") return error("tls:// is not available yet", text);
  return error(kExpected, text);
}

std::string to_string(const Address& address) {
  using enum Address::Transport;
  if (address.transport == UnixStream) return "unix://" + address.path;
  if (address.transport == UnixDatagram) return "unixgram://" + address.path;
  const bool bracketed = address.host.find(':') != std::string::npos;
  return std::string(address.transport == Tcp ? "tcp://" : "udp://") +
         (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace carbon_spool
