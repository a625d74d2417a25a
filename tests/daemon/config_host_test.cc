#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

LoadedConfig load(const std::string& keys) {
  return parse_config(
      "[[destination]]\naddress = \"tcp://graphite:2003\"\n[[input]]\ntype = \"host\"\n" + keys,
      "f");
}

std::string error_of(const std::string& keys) {
  const LoadedConfig loaded = load(keys);
  if (loaded.errors.size() != 1) return std::to_string(loaded.errors.size()) + " errors";
  return loaded.errors[0].key + ": " + loaded.errors[0].message;
}

TEST_CASE("a host input without a key samples as documented", "[config][host]") {
  const LoadedConfig loaded = load("");
  REQUIRE(loaded.errors.empty());
  const InputOptions& input = loaded.config.inputs.at(0);
  CHECK(input.name == "host");
  CHECK(input.listen.empty());
  CHECK(input.host == HostInputOptions());
}

TEST_CASE("a host input's keys are read", "[config][host]") {
  const LoadedConfig loaded = load(R"(
interval = "10s"
prefix = ""
hostname_method = "Fqdn_Rev"
root = "/host"
collectors = ["cpu", "tcp"]
[input.collector.cpu]
percore = false
deny = ["total"]
[input.collector.tcp]
allowed_names = []
path = "net.tcp"
)");
  for (const ConfigError& each : loaded.errors) FAIL_CHECK(to_string(each));
  const HostInputOptions& input = loaded.config.inputs.at(0).host;
  CHECK(input.interval == Seconds(10));
  CHECK(input.host.prefix.empty());
  CHECK(input.host.hostname.method == HostnameMethod::FqdnRev);
  CHECK(input.host.root == "/host");
  CHECK(input.host.collectors == std::vector{CollectorKind::Cpu, CollectorKind::Tcp});
  CHECK_FALSE(input.host.cpu.percore);
  CHECK(input.host.of(CollectorKind::Cpu).deny == std::vector<std::string>{"total"});
  CHECK(input.host.tcp.allowed_names.empty());
  CHECK(input.host.of(CollectorKind::Tcp).path == "net.tcp");
}

TEST_CASE("a host input's bad keys are named", "[config][host]") {
  CHECK(error_of("collectors = [\"cqu\"]") ==
        "input[0].collectors: no collector has the name \"cqu\"");
  CHECK(error_of("[input.collector.cpu]\npercor = true") ==
        "input[0].collector.cpu.percor: unknown key; did you mean \"percore\"?");
  CHECK(error_of("[input.collector.cp]") ==
        "input[0].collector.cp: unknown key; did you mean \"cpu\"?");
  CHECK(error_of("interval = \"1500ms\"") ==
        "input[0].interval: expected whole seconds, at most \"1d\", found \"1500ms\"");
  CHECK(error_of("[input.collector.cpu]\nallow = [\"a\"]\ndeny = [\"b\"]") ==
        "input[0].collector.cpu.deny: expected allow or deny, found both");
  CHECK(error_of("hostname_method = \"shell\"") ==
        "input[0].hostname_method: \"shell\" needs a command in hostname");
}

}  // namespace
}  // namespace carbon_spool
