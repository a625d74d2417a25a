#include "carbon_spool/daemon/config.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "temp_dir.h"

namespace carbon_spool {
namespace {

/// The configuration that `text` stands for; fails the test if it has an error.
Config config_of(const std::string& text) {
  LoadedConfig loaded = parse_config(text, "test.toml");
  for (const ConfigError& error : loaded.errors) FAIL_CHECK(to_string(error));
  return std::move(loaded.config);
}

Config config_with_destination(const std::string& keys) {
  return config_of("[[input]]\n[[destination]]\naddress = \"tcp://graphite:2003\"\n" + keys);
}

DestinationConfig destination_with(const std::string& keys) {
  return config_with_destination(keys).destinations.at(0);
}

QueueOptions queue_with(const std::string& keys) {
  return config_with_destination("[queue]\n" + keys).queue;
}

InputOptions input_with(const std::string& keys) {
  return config_of("[[destination]]\naddress = \"tcp://graphite:2003\"\n[[input]]\n" + keys)
      .inputs.at(0);
}

TEST_CASE("an input and a destination with an address are a complete configuration", "[config]") {
  const Config config = config_of("[[input]]\n[[destination]]\naddress='tcp://graphite:2003'\n");
  CHECK(config.queue.path == "/var/lib/carbon-spool");
  CHECK(config.queue.max_size == 1u << 30);
  CHECK(config.queue.when_full == WhenFull::DropOldest);
  CHECK(config.queue.sync.kind == SyncPolicy::Kind::Interval);
  CHECK(config.queue.sync.interval == Seconds(1));
  CHECK(config.queue.min_free_disk == 256u << 20);
  CHECK(config.threads == 1);
  CHECK(config.shutdown_timeout == Seconds(10));
  CHECK(config.admin_socket == "/run/carbon-spool/admin.sock");
  CHECK(config.log_level == LogLevel::Info);

  REQUIRE(config.inputs.size() == 1);
  CHECK(config.inputs[0].name == "graphite");
  CHECK(config.inputs[0].max_connections == 20000);
  REQUIRE(config.inputs[0].listen.size() == 2);
  CHECK(to_string(config.inputs[0].listen[0]) == "tcp://0.0.0.0:2003");
  CHECK(to_string(config.inputs[0].listen[1]) == "udp://0.0.0.0:2003");

  REQUIRE(config.destinations.size() == 1);
  const SenderOptions& sender = config.destinations[0].sender;
  CHECK(sender.name == "graphite");
  CHECK(to_string(sender.address) == "tcp://graphite:2003");
  CHECK(sender.acknowledge == Acknowledge::Close);
  CHECK(sender.replay == Replay::LiveFirst);
  CHECK(sender.confirm_every == Seconds(60));
  CHECK(sender.confirm_bytes == 32u << 20);
  CHECK(sender.confirm_timeout == Seconds(60));
  CHECK(sender.connect_timeout == Seconds(5));
  CHECK(sender.backoff_max == Seconds(30));
  CHECK(sender.stall_timeout == Seconds(600));
  CHECK(config.destinations[0].reader.start == ReaderStart::Live);
  CHECK(config.destinations[0].reader.keep_acknowledged_bytes == 0);
}

TEST_CASE("the queue's keys are read", "[config]") {
  const QueueOptions queue = queue_with(
      "path = 'q'\nmax_size = '64MiB'\nwhen_full = 'drop_newest'\nsync = '200ms'\n"
      "min_free_disk = '0B'\nmax_age = '7d'\n");
  CHECK(queue.max_age == Seconds(7 * 86400));
  CHECK_FALSE(queue_with("max_age = 'unlimited'").max_age);
  CHECK(queue.path == "q");
  CHECK(queue.max_size == 64u << 20);
  CHECK(queue.when_full == WhenFull::DropNewest);
  CHECK(queue.sync.kind == SyncPolicy::Kind::Interval);
  CHECK(queue.sync.interval == Milliseconds(200));
  CHECK(queue.min_free_disk == 0);
  CHECK(queue_with("when_full = 'block'").when_full == WhenFull::Block);
  CHECK(queue_with("sync = 'always'").sync.kind == SyncPolicy::Kind::Always);
  CHECK(queue_with("sync = 'never'").sync.kind == SyncPolicy::Kind::Never);
}

TEST_CASE("an input's keys are read", "[config]") {
  const InputOptions input = input_with(
      "name = 'lines'\ntype = 'graphite'\nmax_connections = 7\n"
      "listen = ['tcp://[::1]:0', 'udp://127.0.0.1:2004', 'unix:///run/a', 'unixgram:///run/b']\n");
  CHECK(input.name == "lines");
  CHECK(input.max_connections == 7);
  REQUIRE(input.listen.size() == 4);
  CHECK(input.listen[0] == Address{Address::Transport::Tcp, "::1", 0, ""});
  CHECK(input.listen[1] == Address{Address::Transport::Udp, "127.0.0.1", 2004, ""});
  CHECK(input.listen[2] == Address{Address::Transport::UnixStream, "", 0, "/run/a"});
  CHECK(input.listen[3] == Address{Address::Transport::UnixDatagram, "", 0, "/run/b"});
}

TEST_CASE("each type of input has its own name, port and keys", "[config]") {
  const InputOptions pickle = input_with("type = 'pickle'\n");
  CHECK(pickle.type == InputType::Pickle);
  CHECK(pickle.name == "pickle");
  CHECK(pickle.max_connections == 20000);
  REQUIRE(pickle.listen.size() == 1);
  CHECK(to_string(pickle.listen[0]) == "tcp://0.0.0.0:2004");
  const InputOptions named = input_with(
      "type = 'pickle'\nname = 'relays'\nmax_connections = 7\n"
      "listen = ['tcp://[::1]:0', 'unix:///run/a']\n");
  CHECK(named.name == "relays");
  CHECK(named.max_connections == 7);
  CHECK(named.listen.size() == 2);
}

TEST_CASE("a destination's keys are read", "[config]") {
  const DestinationConfig destination = destination_with(
      "name = 'primary'\ntype = 'graphite'\nacknowledge = 'kernel'\nconfirm_every = '5s'\n"
      "confirm_bytes = '1MiB'\nconfirm_timeout = '2m'\nresend_window = '1MB'\n"
      "replay = 'oldest_first'\nstart = 'oldest'\nconnect_timeout = '200ms'\n"
      "backoff_max = '1h'\nstall_timeout = '1d'\n");
  CHECK(destination.sender.name == "primary");
  CHECK(destination.sender.acknowledge == Acknowledge::Kernel);
  CHECK(destination.sender.confirm_every == Seconds(5));
  CHECK(destination.sender.confirm_bytes == 1u << 20);
  CHECK(destination.sender.confirm_timeout == Seconds(120));
  CHECK(destination.sender.replay == Replay::OldestFirst);
  CHECK(destination.sender.connect_timeout == Milliseconds(200));
  CHECK(destination.sender.backoff_max == Seconds(3600));
  CHECK(destination.sender.stall_timeout == Seconds(86400));
  CHECK(destination.reader.start == ReaderStart::Oldest);
  CHECK(destination.reader.keep_acknowledged_bytes == 1'000'000);
}

TEST_CASE("the other tables' keys are read", "[config]") {
  const Config config = config_with_destination(
      "[daemon]\nthreads = 64\nshutdown_timeout = '3s'\n[admin]\nsocket = 'run/a.sock'\n"
      "[log]\nlevel = 'debug'\n");
  CHECK(config.threads == 64);
  CHECK(config.shutdown_timeout == Seconds(3));
  CHECK(config.admin_socket == "run/a.sock");
  CHECK(config.log_level == LogLevel::Debug);
}

TEST_CASE("as many inputs and destinations as wanted are read in their order", "[config]") {
  const Config config = config_of(
      "[[input]]\nname = 'a'\nlisten = ['tcp://127.0.0.1:1']\n"
      "[[input]]\nname = 'b'\nlisten = ['tcp://127.0.0.1:2']\n"
      "[[destination]]\naddress = 'tcp://one:2003'\n"
      "[[destination]]\naddress = 'tcp://two:2003'\n"
      "[[destination]]\naddress = 'unix:///run/three.sock'\n");
  REQUIRE(config.inputs.size() == 2);
  CHECK(config.inputs[0].name == "a");
  CHECK(config.inputs[1].name == "b");
  REQUIRE(config.destinations.size() == 3);
  CHECK(config.destinations[0].sender.name == "one");
  CHECK(config.destinations[1].sender.name == "two");
  CHECK(config.destinations[2].sender.name == "three.sock");
}

TEST_CASE("a destination without a name gets one from its address", "[config]") {
  const auto [address, name] = GENERATE(table<std::string, std::string>({
      {"tcp://graphite.example.com:2003", "graphite.example.com"},
      {"tcp://10.0.0.1:2003", "10.0.0.1"},
      {"tcp://[2001:db8::1]:2003", "2001:db8::1"},
      {"tcp://[fe80::1%eth0]:2003", "fe80::1-eth0"},
      {"unix:///run/my graphite.sock", "my-graphite.sock"},
  }));
  CAPTURE(address);
  const Config config = config_of("[[input]]\n[[destination]]\naddress = '" + address + "'\n");
  CHECK(config.destinations.at(0).sender.name == name);
}

TEST_CASE("resend_window's default goes by acknowledge", "[config]") {
  const auto window = [](const std::string& keys) {
    return destination_with(keys).reader.keep_acknowledged_bytes;
  };
  CHECK(window("") == 0);
  CHECK(window("acknowledge = 'kernel'") == 8u << 20);
  CHECK(window("acknowledge = 'kernel'\nresend_window = '0s'") == 0);
  CHECK(window("acknowledge = 'kernel'\nresend_window = '0B'") == 0);
  CHECK(window("acknowledge = 'close'\nresend_window = '2MiB'") == 2u << 20);
}

TEST_CASE("resend_window is a duration or a size", "[config]") {
  const ReaderOptions by_time = destination_with("resend_window = '10m'").reader;
  CHECK(by_time.keep_acknowledged_for == Seconds(600));
  CHECK(by_time.keep_acknowledged_bytes == 0);
  const ReaderOptions of_kernel =
      destination_with("acknowledge = 'kernel'\nresend_window = '10m'").reader;
  CHECK(of_kernel.keep_acknowledged_for == Seconds(600));
  CHECK(of_kernel.keep_acknowledged_bytes == 0);
}

TEST_CASE("limits of one destination are read", "[config]") {
  const DestinationConfig limited = destination_with("replay_rate = 50000\nmax_backlog = '1GiB'");
  CHECK(limited.sender.replay_rate == 50'000);
  CHECK(limited.reader.max_backlog == 1u << 30);
  const DestinationConfig free =
      destination_with("replay_rate = 'unlimited'\nmax_backlog = 'unlimited'");
  CHECK(free.sender.replay_rate == 0);
  CHECK(free.reader.max_backlog == UINT64_MAX);
}

TEST_CASE("memory_limit is the queue's", "[config]") {
  const Config config = config_with_destination("[daemon]\nmemory_limit = '8MiB'\n");
  CHECK(config.queue.memory_limit == 8u << 20);
}

TEST_CASE("keys that are not available yet may have their default", "[config]") {
  const DestinationConfig destination = destination_with("prefix = ''\ninstance = ''\n");
  CHECK(destination.sender.name == "graphite");
}

TEST_CASE("a connection never carries more than a sixteenth of the cap", "[config]") {
  Config config = config_with_destination("confirm_bytes = '6MiB'\n[queue]\nmax_size = '64MiB'\n");
  const SenderOptions& sender = config.destinations.at(0).sender;
  CHECK(sender.confirm_bytes == 6u << 20);
  CHECK(confirm_bytes_in_force(config.queue, sender) == 4u << 20);
  config.queue.max_size = 1u << 30;
  CHECK(confirm_bytes_in_force(config.queue, sender) == 6u << 20);
}

TEST_CASE("a configuration is read from a file", "[config]") {
  const TempDir folder;
  const std::string file = folder / "spool.toml";
  std::ofstream(file) << "[[input]]\n[[destination]]\naddress = 'tcp://graphite:2003'\n";
  const LoadedConfig loaded = load_config(file);
  CHECK(loaded.errors.empty());
  CHECK(loaded.config.destinations.size() == 1);
}

TEST_CASE("a file that cannot be read is one error without a line", "[config]") {
  const TempDir folder;
  const auto only_error = [](const std::string& file) {
    const LoadedConfig loaded = load_config(file);
    REQUIRE(loaded.errors.size() == 1);
    return to_string(loaded.errors[0]);
  };
  const std::string missing = folder / "missing.toml";
  CHECK(only_error(missing) == missing + ": cannot be read: No such file or directory");
  CHECK(only_error(folder.path()) == folder.path() + ": cannot be read; expected a file");
}

}  // namespace
}  // namespace carbon_spool
