#include "confirm.h"

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace carbon_spool;

namespace {

/// Our connection, and its peer's end as a blocking socket. Nothing of ours runs but in `turn` and
/// `finish`, so that a test decides what has arrived by then.
class Pair {
 public:
  explicit Pair(int receive_buffer = 0) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0) {
      ::setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&name), size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    ours = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::connect(ours, reinterpret_cast<sockaddr*>(&name), size) == 0);
    peer = ::accept(listener, nullptr, nullptr);
    ::close(listener);

    StreamSocket socket(io);
    socket.assign(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), ours);
    connection = Connection::adopt(std::move(socket), wake);
  }
  ~Pair() {
    connection->close();
    if (peer >= 0) ::close(peer);
  }

  void write(const std::string& text) {
    connection->load(std::make_shared<int>(), text);
    connection->write();
    REQUIRE(connection->unwritten() == 0);
  }
  void confirm(Milliseconds timeout = std::chrono::minutes(1)) {
    asio::co_spawn(io, carbon_spool::confirm(*connection, timeout),
                   [this](const std::exception_ptr&, Ending how) { ending = how; });
    turn();
  }
  void turn() { io.poll(); }
  [[nodiscard]] Ending finish() {
    while (!ending) io.run_one();
    return *ending;
  }
  void wait_until_ours_sees(short events) const {
    const auto deadline = present() + std::chrono::minutes(1);
    pollfd seen{ours, events, 0};
    while ((seen.revents & events) == 0 && present() < deadline) ::poll(&seen, 1, 1000);
    REQUIRE((seen.revents & events) != 0);
  }
  void read(std::size_t bytes) const {
    std::string text(bytes, '\0');
    REQUIRE(::recv(peer, text.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes));
  }
  void close_peer() { ::close(std::exchange(peer, -1)); }

  asio::io_context io{1};
  Wakeup wake{io.get_executor()};
  ConnectionPtr connection;
  int ours = -1;
  int peer = -1;
  std::optional<Ending> ending;
};

}  // namespace

TEST_CASE("an end of file after the peer has read everything is a clean end", "[output]") {
  Pair pair;
  pair.write("a 1 1\n");
  pair.confirm();
  pair.read(6);
  CHECK_FALSE(pair.ending);
  pair.close_peer();
  CHECK(pair.finish() == Ending::Clean);
}

TEST_CASE("an end of file that came before our half-close confirms nothing", "[output]") {
  Pair pair;
  pair.write("a 1 1\n");
  pair.read(6);
  ::shutdown(pair.peer, SHUT_WR);
  pair.wait_until_ours_sees(POLLRDHUP);
  pair.confirm();
  CHECK(pair.finish() == Ending::Broken);
  CHECK(pair.connection->failure() == "it closed the connection");
}

TEST_CASE("an end of file with a reset right behind it is not a clean end", "[output]") {
  Pair pair(4096);
  pair.write(std::string(100'000, 'x'));
  pair.confirm();
  ::shutdown(pair.peer, SHUT_WR);
  pair.close_peer();  // with unread bytes: a reset
  pair.wait_until_ours_sees(POLLERR);
  CHECK(pair.finish() == Ending::Broken);
  CHECK(pair.connection->peer_closed());
}

TEST_CASE("a reset is not a clean end", "[output]") {
  Pair pair;
  pair.write("a 1 1\n");
  pair.confirm();
  pair.close_peer();
  CHECK(pair.finish() == Ending::Broken);
  CHECK(pair.connection->failure() == "Connection reset by peer");
}

TEST_CASE("after the end of file everything must have been taken by the peer's kernel",
          "[output]") {
  constexpr std::size_t kMuch = 100'000;
  Pair pair(4096);
  pair.write(std::string(kMuch, 'x'));
  pair.confirm();
  ::shutdown(pair.peer, SHUT_WR);
  pair.wait_until_ours_sees(POLLRDHUP);
  while (!pair.connection->peer_closed()) pair.io.run_one();
  pair.turn();
  CHECK_FALSE(pair.ending);
  pair.read(kMuch);
  CHECK(pair.finish() == Ending::Clean);
}

TEST_CASE("a peer that took everything and says nothing is silent, one that did not has timed out",
          "[output]") {
  SECTION("took everything") {
    Pair pair;
    pair.write("a 1 1\n");
    pair.confirm(Milliseconds(500));
    CHECK(pair.finish() == Ending::Silent);
  }
  SECTION("did not") {
    Pair pair(4096);
    pair.write(std::string(100'000, 'x'));
    pair.confirm(Milliseconds(20));
    CHECK(pair.finish() == Ending::TimedOut);
  }
}
