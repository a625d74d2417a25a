#include "carbon_spool/base/address.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

using Transport = Address::Transport;

TEST_CASE("addresses are read and written back the same", "[base]") {
  const auto [text, address] = GENERATE(table<std::string, Address>({
      {"tcp://graphite.example.com:2003", {Transport::Tcp, "graphite.example.com", 2003, ""}},
      {"tcp://0.0.0.0:0", {Transport::Tcp, "0.0.0.0", 0, ""}},
      {"udp://127.0.0.1:65535", {Transport::Udp, "127.0.0.1", 65535, ""}},
      {"tcp://[::1]:2003", {Transport::Tcp, "::1", 2003, ""}},
      {"udp://[fe80::1%eth0]:2003", {Transport::Udp, "fe80::1%eth0", 2003, ""}},
      {"tcp://my_host-1:2003", {Transport::Tcp, "my_host-1", 2003, ""}},
      {"unix:///run/graphite.sock", {Transport::UnixStream, "", 0, "/run/graphite.sock"}},
      {"unixgram:///run/a b.sock", {Transport::UnixDatagram, "", 0, "/run/a b.sock"}},
  }));
  INFO(text);
  REQUIRE(parse_address(text));
  CHECK(parse_address(text).value() == address);
  CHECK(to_string(address) == text);
}

TEST_CASE("what is not an address is refused with what was expected", "[base]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"", "expected tcp://host:port, udp://host:port, unix:///path or unixgram:///path"},
      {"localhost:2003",
       "expected tcp://host:port, udp://host:port, unix:///path or unixgram:///path"},
      {"http://localhost:80",
       "expected tcp://host:port, udp://host:port, unix:///path or unixgram:///path"},
      {"TCP://localhost:80",
       "expected tcp://host:port, udp://host:port, unix:///path or unixgram:///path"},
      {"tls://localhost:2003", "tls:// is not available yet"},
      {"tcp://localhost", "expected a port after the host"},
      {"tcp://localhost:", "expected a port from 0 to 65535"},
      {"tcp://localhost:65536", "expected a port from 0 to 65535"},
      {"tcp://localhost:-1", "expected a port from 0 to 65535"},
      {"tcp://localhost:2003/", "expected a port from 0 to 65535"},
      {"tcp://:2003", "expected a host name or an IP address before the port"},
      {"tcp://a b:2003", "expected a host name or an IP address before the port"},
      {"tcp://::1:2003", "expected an IPv6 address to stand in brackets"},
      {"tcp://[::1]", "expected an IPv6 address in brackets, then :port"},
      {"tcp://[::g]:2003", "expected an IPv6 address in the brackets"},
      {"unix://run/a.sock",
       "expected the absolute path of a socket, as in unix:///run/graphite.sock"},
      {"unix:///", "expected the absolute path of a socket, as in unix:///run/graphite.sock"},
      {"unix:///" + std::string(107, 'x'), "expected a socket's path of at most 107 bytes"},
  }));
  INFO(text);
  const auto address = parse_address(text);
  REQUIRE_FALSE(address);
  CHECK(address.error().message == expected + ", found \"" + text + "\"");
}

TEST_CASE("a socket's path may be as long as the kernel takes it", "[base]") {
  CHECK(parse_address("unix:///" + std::string(106, 'x')));
}

}  // namespace
}  // namespace carbon_spool
