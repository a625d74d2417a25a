#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/input/input.h"

#include "eventually.h"
#include "running_input.h"
#include "socket_client.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

bool machine_has_ipv6() {
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  return probe &&
         ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
}

std::string start_error(const std::string& listen) {
  RecordingSink sink;
  IngestThreads threads(1);
  InputOptions options;
  options.listen.push_back(parse_address(listen).value());
  const auto started = Input::start(options, ProducerId{}, sink, threads);
  return started ? "" : started.error().message;
}

void leave_stale_socket_file(const std::string& path, int type) {
  const UniqueFd fd(::socket(AF_UNIX, type, 0));
  const sockaddr_un name = unix_address(path).value();
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
}

TEST_CASE("points come in over every transport") {
  const TempDir folder;
  std::vector<std::string> listen = {"tcp://127.0.0.1:0", "udp://127.0.0.1:0",
                                     "unix://" + folder / "stream",
                                     "unixgram://" + folder / "datagram"};
  if (machine_has_ipv6()) {
    listen.insert(listen.end(), {"tcp://[::1]:0", "udp://[::1]:0"});
  } else {
    WARN("no IPv6 here: left out");
  }
  RunningInput running({.listen = listen});
  REQUIRE(running.input().listening().size() == listen.size());

  for (std::size_t index = 0; index < listen.size(); ++index) {
    INFO(listen[index]);
    SocketClient client = running.client(index);
    const std::string line = "by." + std::to_string(index) + " 1.5 1700000000\n";
    client.send(line);
    REQUIRE(running.sink.wait_for_points(index + 1));
    CHECK(running.sink.text().ends_with(line));
  }
}

TEST_CASE("the kernel's choice of a port is told") {
  const RunningInput running({.listen = {"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}});
  CHECK(running.address(0).port != 0);
  CHECK(running.address(1).port != 0);
  CHECK(running.address(1).transport == Address::Transport::Udp);
}

TEST_CASE("both families can be bound to the same port beside each other") {
  if (!machine_has_ipv6()) {
    WARN("no IPv6 here");
    return;
  }
  for (const std::string transport : {"tcp", "udp"}) {
    RunningInput four({.listen = {transport + "://0.0.0.0:0"}});
    const std::string port = std::to_string(four.address().port);
    RunningInput six({.listen = {transport + "://[::]:" + port}});
    CHECK(six.address().port == four.address().port);
  }
}

TEST_CASE("a name to listen on stands for its addresses") {
  RunningInput running({.listen = {"tcp://localhost:0"}});
  REQUIRE_FALSE(running.input().listening().empty());
  for (const Address& each : running.input().listening()) {
    CHECK((each.host == "127.0.0.1" || each.host == "::1"));
  }
  running.client().send("a 1 1700000000\n");
  CHECK(running.sink.wait_for_points(1));
}

TEST_CASE("an address that cannot be had is named") {
  SECTION("taken") {
    const RunningInput running;
    const std::string taken = to_string(running.address());
    CHECK_THAT(start_error(taken), Catch::Contains(taken) && Catch::Contains("in use"));
  }
  SECTION("not of this machine") {
    CHECK_THAT(start_error("tcp://192.0.2.1:2003"), Catch::Contains("192.0.2.1"));
  }
  SECTION("in a folder that cannot be made") {
    CHECK_THAT(start_error("unix:///dev/null/socket"), Catch::Contains("/dev/null"));
  }
}

TEST_CASE("a Unix socket file that nobody answers on is replaced") {
  const TempDir folder;
  leave_stale_socket_file(folder / "stream", SOCK_STREAM);
  leave_stale_socket_file(folder / "datagram", SOCK_DGRAM);
  RunningInput running(
      {.listen = {"unix://" + folder / "stream", "unixgram://" + folder / "datagram"}});
  running.client(0).send("a 1 1700000000\n");
  running.client(1).send("b 1 1700000000\n");
  CHECK(running.sink.wait_for_points(2));
}

TEST_CASE("a Unix socket that somebody listens on is left alone, whatever its type") {
  const TempDir folder;
  const std::string stream = "unix://" + folder / "stream";
  const std::string datagram = "unixgram://" + folder / "datagram";
  RunningInput running({.listen = {stream, datagram}});
  CHECK_THAT(start_error(stream), Catch::Contains(folder / "stream"));
  CHECK_THAT(start_error(datagram), Catch::Contains(folder / "datagram"));
  CHECK_THAT(start_error("unixgram://" + folder / "stream"), Catch::Contains(folder / "stream"));
  CHECK_THAT(start_error("unix://" + folder / "datagram"), Catch::Contains(folder / "datagram"));
  running.client().send("still.here 1 1700000000\n");
  CHECK(running.sink.wait_for_points(1));
}

TEST_CASE("a file that is no socket is left alone") {
  const TempDir folder;
  std::ofstream(folder / "precious") << "data";
  CHECK_THAT(start_error("unix://" + folder / "precious"), Catch::Contains(folder / "precious"));
  CHECK(std::filesystem::file_size(folder / "precious") == 4);
}

TEST_CASE("stopping removes our socket file, and nobody else's") {
  const TempDir folder;
  const std::string path = folder / "socket";
  RunningInput running({.listen = {"unix://" + path}});
  SECTION("ours") {
    running.input().stop();
    CHECK_FALSE(std::filesystem::exists(path));
  }
  SECTION("another's that took its place") {
    leave_stale_socket_file(folder / "other", SOCK_STREAM);
    std::filesystem::rename(folder / "other", path);
    running.input().stop();
    CHECK(std::filesystem::exists(path));
  }
}

TEST_CASE("a datagram is lines, the last with or without its end") {
  RunningInput running({.listen = {"udp://127.0.0.1:0"}});
  SocketClient client = running.client();
  client.send("a 1 1700000000\nb 2 1700000000");
  REQUIRE(running.sink.wait_for_points(2));
  client.send("c 3 1700000000\r\nd x 1700000000\ne 5 1700000000\n");
  REQUIRE(running.sink.wait_for_points(4));
  client.send("unfinished");
  client.send("f 6 1700000000");
  REQUIRE(running.sink.wait_for_points(5));
  CHECK(running.sink.text() ==
        "a 1 1700000000\nb 2 1700000000\nc 3 1700000000\ne 5 1700000000\nf 6 1700000000\n");
  CHECK(running.refused(Refusal::BadValue) == 1);
  CHECK(running.refused(Refusal::NoValue) == 1);
  CHECK(running.refused(Refusal::Unterminated) == 0);
}

TEST_CASE("an empty datagram, a huge one and one with a line that is too long do no harm") {
  const TempDir folder;
  RunningInput running({.listen = {"unixgram://" + folder / "socket"}});
  SocketClient client = running.client();
  REQUIRE(::send(client.fd(), "", 0, 0) == 0);
  client.send(std::string(100'000, 'x'));
  std::string huge;
  while (huge.size() < 150'000) huge += "some.path 1 1700000000\n";
  client.send(huge);
  const std::size_t points = huge.size() / 23;
  REQUIRE(running.sink.wait_for_points(points));
  CHECK(running.sink.text() == huge);
  CHECK(running.refused(Refusal::LineTooLong) == 1);
}

TEST_CASE("datagrams that the kernel drops while we are held back are counted") {
  RunningInput running({.listen = {"udp://127.0.0.1:0"}});
  running.sink.hold();
  SocketClient client = running.client();
  client.send("first 1 1700000000");
  REQUIRE(running.sink.wait_until_blocked());

  std::uint64_t sent = 1;
  const std::string datagram = "a 1 1700000000\n" + std::string(30'000, ' ') + "\n";
  for (; sent < 2000; ++sent) client.send(datagram);
  running.sink.let_go();
  // The kernel tells of what it dropped with the next datagram that it keeps, which need not be the
  // next one that is sent.
  const auto accounted = [&] {
    client.send(datagram);
    ++sent;
    const auto all_counted = [&] {
      return running.sink.points() + running.input().stats().datagrams_dropped == sent;
    };
    return eventually(all_counted, std::chrono::milliseconds(100));
  };
  CHECK(eventually(accounted));
  CHECK(running.input().stats().datagrams_dropped > 0);
}

}  // namespace
}  // namespace carbon_spool
