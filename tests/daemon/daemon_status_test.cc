#include "daemon_status.h"

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

Config config_with(const std::string& input, const std::string& destination) {
  Config config;
  config.queue.path = "q";
  config.queue.max_size = 64 << 20;
  config.inputs.push_back({.name = input, .listen = {{Address::Transport::Tcp, "h", 2003, ""}}});
  DestinationConfig added;
  added.sender.name = destination;
  added.sender.address = {Address::Transport::Tcp, "graphite", 2003, ""};
  config.destinations.push_back(added);
  return config;
}

StatusSources sources_of(const Config& config) {
  return {config, {}, {}, {}, {}, std::chrono::system_clock::from_time_t(kNow)};
}

ReaderStats reader_with_backlog() {
  ReaderStats reader;
  reader.name = "primary";
  reader.received_points = 100;
  reader.acknowledged_points = 40;
  reader.pending_points = 50;
  reader.unconfirmed_points = 20;
  reader.unsent_points = 30;
  reader.sent_points = 65;
  reader.resent_points = 5;
  reader.dropped_points = {{"cap", 7}, {"poison", 3}};
  reader.last_drop_at = kNow - 9;
  reader.oldest_pending_timestamp = 1'600'000'000;
  reader.oldest_unsent_accepted_at = kNow * 1000 - 2500;
  return reader;
}

TEST_CASE("a destination's numbers are those of its reader and of its sender", "[daemon]") {
  const Config config = config_with("graphite", "primary");
  StatusSources sources = sources_of(config);
  sources.queue.readers.push_back(reader_with_backlog());
  sources.senders["primary"] = {SenderState::BackingOff, kNow - 5, 2, 12.0, 0, "refused"};
  const Status status = make_status(sources);
  REQUIRE(status.destinations.size() == 1);
  const DestinationStatus& to = status.destinations[0];
  CHECK(to.name == "primary");
  CHECK(to.address == "tcp://graphite:2003");
  CHECK(to.state == "backing_off");
  CHECK(to.since == kNow - 5);
  CHECK(to.points_received_total == 100);
  CHECK(to.points_acknowledged_total == 40);
  CHECK(to.points_pending == 50);
  CHECK(to.points_unconfirmed == 20);
  CHECK(to.points_dropped_total == 10);
  CHECK(to.dropped == std::map<std::string, std::uint64_t>{{"cap", 7}, {"poison", 3}});
  CHECK(to.last_drop_at == kNow - 9);
  CHECK(to.oldest_pending_timestamp == 1'600'000'000);
  CHECK(to.oldest_unsent_seconds == 2);
  CHECK(to.points_sent_total == 65);
  CHECK(to.points_resent_total == 5);
  CHECK(to.points_per_second == 12.0);
  CHECK(to.seconds_to_catch_up == 3);
  CHECK(to.reconnects_total == 2);
  CHECK(to.last_error == "refused");
}

TEST_CASE("the states of a sender have the names of the documented JSON", "[daemon]") {
  const auto [state, name] = GENERATE(table<SenderState, std::string>({
      {SenderState::Connected, "connected"},
      {SenderState::Connecting, "connecting"},
      {SenderState::BackingOff, "backing_off"},
      {SenderState::Stalled, "stalled"},
      {SenderState::Unconfirmed, "unconfirmed"},
  }));
  const Config config = config_with("graphite", "primary");
  StatusSources sources = sources_of(config);
  sources.senders["primary"].state = state;
  CHECK(make_status(sources).destinations.at(0).state == name);
}

TEST_CASE("there is no time until caught up without something unsent and a rate", "[daemon]") {
  const Config config = config_with("graphite", "primary");
  StatusSources sources = sources_of(config);
  sources.queue.readers.push_back(reader_with_backlog());
  const auto forecast = [&](std::uint64_t unsent, double rate) {
    sources.queue.readers[0].unsent_points = unsent;
    sources.senders["primary"].points_per_second = rate;
    return make_status(sources).destinations.at(0).seconds_to_catch_up;
  };
  CHECK(forecast(100, 10) == 10);
  CHECK(forecast(101, 10) == 11);
  CHECK(forecast(0, 10) == std::nullopt);
  CHECK(forecast(100, 0) == std::nullopt);
  CHECK(forecast(100, 1e-300) == std::nullopt);
}

TEST_CASE("without a daemon destinations are stopped and inputs keep their counts", "[daemon]") {
  const Config config = config_with("graphite", "primary");
  StatusSources sources = sources_of(config);
  sources.queue.readers.push_back(reader_with_backlog());
  sources.queue.producers.push_back({"graphite", 100});
  sources.queue.notes["refused/graphite"] = "bad_value 4 no_value 2";
  const Status status = make_status(sources);
  CHECK(status.destinations.at(0).state == "stopped");
  CHECK(status.destinations.at(0).points_pending == 50);
  CHECK(status.destinations.at(0).seconds_to_catch_up == std::nullopt);
  const InputStatus& from = status.inputs.at(0);
  CHECK(from.listen == std::vector<std::string>{"tcp://h:2003"});
  CHECK(from.points_total == 100);
  CHECK(from.rejected_total == 6);
  CHECK(from.rejected.at("bad_value") == 4);
  CHECK(from.rejected.at("bad_timestamp") == 0);
}

TEST_CASE("a running input shows what it listens on and its own counts", "[daemon]") {
  const Config config = config_with("graphite", "primary");
  StatusSources sources = sources_of(config);
  sources.queue.producers.push_back({"graphite", 100});
  sources.queue.notes["refused/graphite"] = "bad_value 4";  // a second old
  InputNumbers numbers;
  numbers.listening = {{Address::Transport::Tcp, "127.0.0.1", 40123, ""}};
  numbers.stats.connections = 3;
  numbers.stats.refused[static_cast<std::size_t>(Refusal::BadValue)] = 5;
  numbers.stats.connections_refused = 1;
  numbers.stats.fragments_cut = 2;
  numbers.stats.datagrams_dropped = 6;
  numbers.stats.points_dropped = 7;
  numbers.stats.packets_unforwarded = 8;
  sources.inputs["graphite"] = numbers;
  const Status status = make_status(sources);
  const InputStatus& from = status.inputs.at(0);
  CHECK(from.type == "graphite");
  CHECK(from.listen == std::vector<std::string>{"tcp://127.0.0.1:40123"});
  CHECK(from.connections == 3);
  CHECK(from.points_total == 100);
  CHECK(from.rejected_total == 5);
  CHECK(from.connections_refused_total == 1);
  CHECK(from.fragments_cut_total == 2);
  CHECK(from.datagrams_dropped_total == 6);
  CHECK(from.points_dropped_total == 7);
  CHECK(from.packets_unforwarded_total == 8);
}

TEST_CASE("what the queue remembers and the configuration does not name is an orphan", "[daemon]") {
  const Config config = config_with("new", "moved");
  StatusSources sources = sources_of(config);
  sources.queue.readers.push_back(reader_with_backlog());
  sources.queue.producers.push_back({"old", 100});
  sources.queue.notes["refused/old"] = "bad_value 4";
  const Status status = make_status(sources);
  REQUIRE(status.destinations.size() == 2);
  CHECK(status.destinations[0].name == "moved");
  CHECK(status.destinations[0].points_received_total == 0);
  CHECK(status.destinations[1].name == "primary");
  CHECK(status.destinations[1].state == "orphan");
  CHECK(status.destinations[1].points_pending == 50);
  REQUIRE(status.inputs.size() == 2);
  CHECK(status.inputs[0].name == "new");
  CHECK(status.inputs[0].points_total == 0);
  CHECK(status.inputs[1].name == "old");
  CHECK(status.inputs[1].type == "orphan");
  CHECK(status.inputs[1].points_total == 100);
  CHECK(status.inputs[1].rejected_total == 4);
}

TEST_CASE("the queue's numbers stand beside its settings", "[daemon]") {
  Config config = config_with("graphite", "primary");
  config.queue.when_full = WhenFull::Block;
  StatusSources sources = sources_of(config);
  sources.queue.points = 5;
  sources.queue.batches = 2;
  sources.queue.bytes_on_disk = 4096;
  sources.queue.oldest_timestamp = 10;
  sources.queue.newest_timestamp = 20;
  sources.queue.dropped_points = 7;
  sources.queue.last_error = "disk full";
  const QueueStatus queue = make_status(sources).queue;
  CHECK(queue.path == "q");
  CHECK(queue.points == 5);
  CHECK(queue.batches == 2);
  CHECK(queue.bytes_on_disk == 4096);
  CHECK(queue.max_size_bytes == 64 << 20);
  CHECK(queue.when_full == "block");
  CHECK(queue.oldest_timestamp == 10);
  CHECK(queue.newest_timestamp == 20);
  CHECK(queue.dropped_points_total == 7);
  CHECK(queue.last_error == "disk full");
}

TEST_CASE("what waits for a cluster that shares a reader no longer shows as an orphan",
          "[daemon]") {
  Config config = config_with("graphite", "primary");
  const auto with = [&](Select select) {
    RoutingOptions routing;
    routing.destinations = {{"primary", "graphite", 2003, "", ""}};
    routing.clusters.resize(1);
    routing.clusters[0].name = "eu";
    routing.clusters[0].select = select;
    routing.clusters[0].members = {"primary"};
    config.routing = compile_routing(routing).table;
    REQUIRE(config.routing);
    StatusSources sources = sources_of(config);
    sources.queue.readers.push_back(reader_with_backlog());
    sources.queue.readers.back().name = "eu";
    return make_status(sources);
  };
  const Status shares = with(Select::AnyOf);
  REQUIRE(shares.clusters[0].reader);
  CHECK(shares.destinations.size() == 1);
  const Status hashed = with(Select::CarbonCh);
  CHECK_FALSE(hashed.clusters[0].reader);
  REQUIRE(hashed.destinations.size() == 2);
  CHECK(hashed.destinations[1].name == "eu");
  CHECK(hashed.destinations[1].state == "orphan");
  CHECK(hashed.destinations[1].points_pending == 50);
}

}  // namespace
}  // namespace carbon_spool
