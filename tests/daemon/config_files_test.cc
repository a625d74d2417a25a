// The files under conf/ say what the code does.

#include <fstream>
#include <regex>
#include <sstream>

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

const std::string kDocumented = PROJECT_SOURCE_DIR "/conf/carbon-spool.toml";
const std::string kQuickstart = PROJECT_SOURCE_DIR "/conf/quickstart.toml";

Config loaded(const std::string& file) {
  LoadedConfig result = load_config(file);
  for (const ConfigError& error : result.errors) FAIL_CHECK(to_string(error));
  return std::move(result.config);
}

void check_same(const QueueOptions& file, const QueueOptions& code) {
  CHECK(file.path == code.path);
  CHECK(file.max_size == code.max_size);
  CHECK(file.when_full == code.when_full);
  CHECK(file.sync.kind == code.sync.kind);
  CHECK(file.sync.interval == code.sync.interval);
  CHECK(file.min_free_disk == code.min_free_disk);
  CHECK(file == code);
}

void check_same(const DestinationConfig& file, const DestinationConfig& code) {
  CHECK(file.sender.name == code.sender.name);
  CHECK(file.sender.address == code.sender.address);
  CHECK(file.sender.acknowledge == code.sender.acknowledge);
  CHECK(file.sender.replay == code.sender.replay);
  CHECK(file.sender.confirm_every == code.sender.confirm_every);
  CHECK(file.sender.confirm_bytes == code.sender.confirm_bytes);
  CHECK(file.sender.confirm_timeout == code.sender.confirm_timeout);
  CHECK(file.sender.connect_timeout == code.sender.connect_timeout);
  CHECK(file.sender.backoff_max == code.sender.backoff_max);
  CHECK(file.sender.stall_timeout == code.sender.stall_timeout);
  CHECK(file.reader.start == code.reader.start);
  CHECK(file.sender.replay_rate == code.sender.replay_rate);
  CHECK(file.reader == code.reader);
}

TEST_CASE("conf/carbon-spool.toml shows the defaults of the code", "[config]") {
  const Config file = loaded(kDocumented);
  const LoadedConfig least = parse_config(
      "[[input]]\n[[destination]]\naddress = \"tcp://graphite.example.com:2003\"\n", "");
  REQUIRE(least.errors.empty());
  const Config& code = least.config;
  check_same(file.queue, code.queue);
  check_same(file.queue, Config().queue);
  REQUIRE(file.inputs.size() == 1);
  CHECK(file.inputs[0].name == code.inputs.at(0).name);
  CHECK(file.inputs[0].listen == code.inputs.at(0).listen);
  CHECK(file.inputs[0].max_connections == code.inputs.at(0).max_connections);
  REQUIRE(file.destinations.size() == 1);
  check_same(file.destinations[0], code.destinations.at(0));
  CHECK(file.threads == code.threads);
  CHECK(file.shutdown_timeout == code.shutdown_timeout);
  CHECK(file.admin_socket == code.admin_socket);
  CHECK(file.log_level == code.log_level);
  CHECK(describe(file) == describe(code));
}

/// What the file names, whether in force or in a comment: `queue`, `queue.path`, …
std::set<std::string> names_in(const std::string& file) {
  static const std::regex header(R"(^(?:# )?\[\[?([a-z_]+(?:\.metric)?)\]\]?)");
  static const std::regex collector(R"(^# \[(input\.collector\.[a-z]+)\])");
  static const std::regex key(R"(^(?:# )?([a-z_]+) = )");
  std::set<std::string> names;
  std::string table;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (std::regex_search(line, match, header)) {
      table = match[1];
      names.insert(table);
    } else if (std::regex_search(line, match, collector)) {
      table = match[1];
      names.insert({"input.collector", table});
    } else if (std::regex_search(line, match, key)) {
      names.insert(table + "." + match[1].str());
    }
  }
  return names;
}

/// Of the keys that every collector has, one is enough.
bool is_repeated(const std::string& name) {
  static const std::regex of_every_collector(R"(input\.collector\.[a-z]+\.(allow|deny|path))");
  return std::regex_match(name, of_every_collector) && !name.starts_with("input.collector.cpu.");
}

TEST_CASE("conf/carbon-spool.toml names every key, and no other", "[config]") {
  std::set<std::string> known = known_config_keys();
  std::erase_if(known, is_repeated);
  CHECK(names_in(kDocumented) == known);
}

TEST_CASE("conf/quickstart.toml keeps to this machine and to its own folder", "[config]") {
  const Config config = loaded(kQuickstart);
  CHECK(config.queue.path.starts_with("run/"));
  CHECK(config.admin_socket.starts_with("run/"));
  CHECK(config.queue.max_size == 64u << 20);
  REQUIRE(config.inputs.size() == 1);
  REQUIRE(config.inputs[0].listen.size() == 2);
  CHECK(to_string(config.inputs[0].listen[0]) == "tcp://127.0.0.1:2003");
  CHECK(to_string(config.inputs[0].listen[1]) == "udp://127.0.0.1:2003");
  REQUIRE(config.destinations.size() == 1);
  CHECK(config.destinations[0].sender.name == "receiver");
  CHECK(to_string(config.destinations[0].sender.address) == "tcp://127.0.0.1:2103");
}

}  // namespace
}  // namespace carbon_spool
