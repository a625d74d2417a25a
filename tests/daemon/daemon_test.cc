#include "carbon_spool/daemon/daemon.h"

#include <thread>

#include <catch2/catch.hpp>

#include "carbon_spool/admin/admin_socket.h"

#include "eventually.h"
#include "socket_client.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;

/// Everything in `folder`; the destination's socket is not there, so points wait.
Config config_in(const TempDir& folder) {
  Config config;
  config.queue.path = folder / "queue";
  config.queue.max_size = 64 << 20;
  config.queue.min_free_disk = 0;
  config.inputs.push_back(
      {.name = "graphite", .listen = {{Address::Transport::Tcp, "127.0.0.1", 0, ""}}});
  DestinationConfig destination;
  destination.sender.name = "server";
  destination.sender.address = {Address::Transport::UnixStream, "", 0, folder / "server.sock"};
  config.destinations.push_back(destination);
  config.shutdown_timeout = Milliseconds(50);
  config.admin_socket = folder / "admin.sock";
  return config;
}

std::unique_ptr<Daemon> started(const Config& config) {
  auto daemon = Daemon::start(config);
  if (!daemon) FAIL(daemon.error().message);
  return std::move(daemon.value());
}

Address listening_of(const Daemon& daemon) {
  return parse_address(daemon.status().inputs.at(0).listen.at(0)).value();
}

/// Returns once the daemon has them on disk.
void send(const Daemon& daemon, std::string_view lines) {
  SocketClient client(listening_of(daemon));
  client.send(lines);
  client.half_close();
  REQUIRE(client.wait_for_end() == SocketClient::End::Orderly);
}

TEST_CASE("what comes in waits for a destination that is away", "[daemon]") {
  const TempDir folder;
  const auto daemon = started(config_in(folder));
  send(*daemon, "a 1 1700000000\nnot a point\nb 2 1700000001\n");
  REQUIRE(eventually([&] { return daemon->status().destinations.at(0).points_pending == 2; }));
  const Status status = daemon->status();
  CHECK(status.version == CARBON_SPOOL_VERSION);
  CHECK(status.state == "running");
  CHECK(status.pid == ::getpid());
  CHECK(status.queue.points == 2);
  CHECK(status.queue.oldest_timestamp == 1700000000);
  CHECK(status.inputs.at(0).points_total == 2);
  CHECK(status.inputs.at(0).rejected_total == 1);
  CHECK(status.destinations.at(0).points_received_total == 2);
}

TEST_CASE("the admin socket answers with the status, and says what it does not know", "[daemon]") {
  const TempDir folder;
  const Config config = config_in(folder);
  const auto daemon = started(config);
  const Result<std::string> answer = ask_admin(config.admin_socket, "status");
  REQUIRE(answer);
  const Result<Status> status = status_from_json(answer.value());
  REQUIRE(status);
  CHECK(status.value().state == "running");
  CHECK(status.value().destinations.at(0).name == "server");
  const Result<std::string> other = ask_admin(config.admin_socket, "dance");
  REQUIRE(other);
  CHECK_THAT(other.value(), Contains("unknown request"));
}

TEST_CASE("points and counts of refused lines outlive a restart", "[daemon]") {
  const TempDir folder;
  const Config config = config_in(folder);
  const auto daemon = started(config);
  send(*daemon, "a 1 1700000000\nnot a point\nno-value\n");
  daemon->stop();

  SECTION("as read from the daemon that has stopped") {
    const Status status = daemon->status();
    CHECK(status.state == "stopped");
    CHECK(status.destinations.at(0).points_pending == 1);
    CHECK(status.inputs.at(0).rejected_total == 2);
  }
  SECTION("as read from the disk") {
    const Result<Status> left = status_of_stopped(config);
    REQUIRE(left);
    CHECK(left.value().state == "stopped");
    CHECK(left.value().queue.points == 1);
    CHECK(left.value().destinations.at(0).state == "stopped");
    CHECK(left.value().destinations.at(0).points_pending == 1);
    CHECK(left.value().inputs.at(0).points_total == 1);
    CHECK(left.value().inputs.at(0).rejected_total == 2);
  }
  SECTION("as counted on by the next daemon") {
    const auto next = started(config);
    send(*next, "b 2 1700000001\nno-value\n");
    const Status status = next->status();
    CHECK(status.inputs.at(0).points_total == 2);
    CHECK(status.inputs.at(0).rejected.at("no_value") == 2);
    CHECK(status.destinations.at(0).points_pending == 2);
  }
}

TEST_CASE("a destination that is gone from the configuration shows as an orphan", "[daemon]") {
  const TempDir folder;
  Config config = config_in(folder);
  {
    const auto daemon = started(config);
    send(*daemon, "a 1 1700000000\n");
  }
  config.destinations[0].sender.name = "other";
  const auto daemon = started(config);
  const Status status = daemon->status();
  REQUIRE(status.destinations.size() == 2);
  CHECK(status.destinations[0].name == "other");
  CHECK(status.destinations[0].points_pending == 0);
  CHECK(status.destinations[1].name == "server");
  CHECK(status.destinations[1].state == "orphan");
  CHECK(status.destinations[1].points_pending == 1);
}

TEST_CASE("a daemon that cannot start says why and leaves nothing running", "[daemon]") {
  const TempDir folder;
  Config config = config_in(folder);
  const auto first = started(config);

  SECTION("the queue is in use") {
    const auto second = Daemon::start(config);
    REQUIRE(!second);
    CHECK_THAT(second.error().message, Contains(config.queue.path));
  }
  SECTION("an address is in use") {
    config.queue.path = folder / "other-queue";
    config.inputs[0].listen = {listening_of(*first)};
    const auto second = Daemon::start(config);
    REQUIRE(!second);
    CHECK_THAT(second.error().message,
               Contains("input graphite") && Contains(to_string(config.inputs[0].listen[0])));
    CHECK(status_of_stopped(config));
  }
  SECTION("the admin socket is in use") {
    config.queue.path = folder / "other-queue";
    const auto second = Daemon::start(config);
    REQUIRE(!second);
    CHECK_THAT(second.error().message, Contains(config.admin_socket));
  }
  CHECK(ask_admin(config_in(folder).admin_socket, "status"));
}

TEST_CASE("a daemon stops while its full queue holds the inputs back", "[daemon]") {
  const TempDir folder;
  Config config = config_in(folder);
  config.queue.max_size = kMinQueueSize;
  config.queue.when_full = WhenFull::Block;
  const auto daemon = started(config);
  SocketClient client(listening_of(*daemon));
  // Values that hardly compress, until the daemon takes no more for a while.
  std::uint64_t number = 88172645463325252;
  const auto lines = [&] {
    std::string text;
    while (text.size() < 60'000) {
      number ^= number << 13;
      number ^= number >> 7;
      number ^= number << 17;
      text += "a." + std::to_string(number) + " " + std::to_string(number >> 3) + " 1700000000\n";
    }
    return text;
  };
  std::string pending = lines();
  const auto moves_on = [&] {
    const std::size_t sent = client.send_some(pending);
    pending.erase(0, sent);
    if (pending.empty()) pending = lines();
    return sent > 0;
  };
  while (eventually(moves_on, std::chrono::seconds(1))) {
  }
  const std::uint64_t accepted = daemon->status().destinations.at(0).points_received_total;
  CHECK(accepted > 0);
  daemon->stop();
  const Result<Status> left = status_of_stopped(config);
  REQUIRE(left);
  CHECK(left.value().destinations.at(0).points_pending >= accepted);
  CHECK(left.value().destinations.at(0).points_dropped_total == 0);
}

TEST_CASE("a queue that is not there has no status", "[daemon]") {
  const TempDir folder;
  const Result<Status> status = status_of_stopped(config_in(folder));
  REQUIRE(!status);
  CHECK_THAT(status.error().message, Contains(folder / "queue"));
}

}  // namespace
}  // namespace carbon_spool
