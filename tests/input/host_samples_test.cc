#include "host_samples.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "captured_errors.h"
#include "input_state.h"
#include "recording_sink.h"
#include "set_clock.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

constexpr UnixSeconds kStart = 1393350013;  // three seconds into a slot of ten

/// A machine that is a folder, sampled every ten seconds of a clock that the test sets.
class Sampled {
 public:
  explicit Sampled(const std::function<void(HostInputOptions&)>& change = [](HostInputOptions&) {})
      : clock(kStart), state_(named(), ProducerId{7}, sink, clock, {}) {
    HostInputOptions options;
    options.interval = Seconds(10);
    options.host.root = root_.path();
    options.host.collectors = {CollectorKind::Memory};
    options.host.hostname.hostname = "idle23";
    change(options);
    samples.emplace(options, state_);
    write("proc/meminfo", "Buffers:            1216 kB\n");
  }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void remove(const std::string& path) const { std::filesystem::remove(root_ / path); }

  /// What a tick that many seconds later hands over.
  std::string tick_after(Seconds seconds) {
    clock.forward(seconds);
    const std::size_t before = sink.text().size();
    const Milliseconds pause = samples->tick();
    CHECK(pause > Milliseconds(0));
    CHECK(pause <= Seconds(1));
    return sink.text().substr(before);
  }

  [[nodiscard]] InputStats stats() const { return state_.stats(); }

  SetClock clock;
  RecordingSink sink;

 private:
  static InputOptions named() {
    InputOptions options;
    options.name = "host";
    options.type = InputType::Host;
    return options;
  }

  TempDir root_;
  InputState state_;

 public:
  std::optional<HostSamples> samples;
};

std::string buffers_at(UnixSeconds timestamp) {
  return "servers.idle23.memory.Buffers 1245184 " + std::to_string(timestamp) + "\n";
}

/// Lines of the log that have `part` in them.
std::size_t count(const CapturedErrors& errors, const std::string& part) {
  std::size_t found = 0;
  for (const std::string& line : errors.lines()) found += line.find(part) != std::string::npos;
  return found;
}

TEST_CASE("a host is sampled once at every multiple, with that timestamp", "[host]") {
  Sampled host;
  CHECK(host.tick_after(Seconds(0)).empty());
  CHECK(host.tick_after(Seconds(6)).empty());
  CHECK(host.tick_after(Seconds(1)) == buffers_at(1393350020));
  CHECK(host.tick_after(Seconds(0)).empty());
  CHECK(host.tick_after(Seconds(9)).empty());
  CHECK(host.tick_after(Seconds(1)) == buffers_at(1393350030));
}

TEST_CASE("diamond.md 2: the line of the archive", "[host]") {
  Sampled host([](HostInputOptions& options) { options.interval = Seconds(1); });
  CHECK(host.tick_after(Seconds(4)) == "servers.idle23.memory.Buffers 1245184 1393350017\n");
}

TEST_CASE("multiples that were missed are left out", "[host]") {
  Sampled host;
  CHECK(host.tick_after(Seconds(7)) == buffers_at(1393350020));
  CHECK(host.tick_after(Seconds(35)) == buffers_at(1393350050));
  CHECK(host.tick_after(Seconds(4)).empty());
  CHECK(host.tick_after(Seconds(1)) == buffers_at(1393350060));
}

TEST_CASE("a clock that is set back is followed", "[host]") {
  Sampled host;
  CHECK(host.tick_after(Seconds(7)) == buffers_at(1393350020));
  CHECK(host.tick_after(Seconds(-3605)) == buffers_at(1393346410));
  CHECK(host.tick_after(Seconds(4)).empty());
  CHECK(host.tick_after(Seconds(1)) == buffers_at(1393346420));
}

TEST_CASE("nothing is sampled before the host's name is known, which then stays", "[host]") {
  const CapturedErrors errors;
  const TempDir folder;
  const std::string file = folder / "name";
  Sampled host([&](HostInputOptions& options) {
    options.host.hostname = {HostnameMethod::Shell, "cat " + file + " 2>/dev/null"};
  });
  CHECK(host.tick_after(Seconds(7)).empty());
  CHECK(host.tick_after(Seconds(10)).empty());
  const std::map<std::string, std::string> failures = host.samples->failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures.begin()->first == "hostname");
  CHECK(failures.at("hostname").find("hostname_method \"shell\"") == 0);
  CHECK(count(errors, "hostname: ") == 1);
  CHECK(count(errors, "works again") == 0);

  std::ofstream(file) << "idle23\n";
  CHECK(host.tick_after(Seconds(10)) == buffers_at(1393350040));
  CHECK(host.samples->failures().empty());
  CHECK(count(errors, "hostname works again") == 1);
  std::ofstream(file) << "another\n";
  CHECK(host.tick_after(Seconds(10)) == buffers_at(1393350050));
  CHECK(host.stats().points_dropped == 0);
}

TEST_CASE("an answer that is empty is no host name", "[host]") {
  const CapturedErrors errors;
  Sampled host([](HostInputOptions& options) {
    options.host.hostname = {HostnameMethod::Shell, "true"};
  });
  CHECK(host.tick_after(Seconds(7)).empty());
  CHECK(host.samples->failures() ==
        std::map<std::string, std::string>{
            {"hostname", "hostname_method \"shell\": the name is empty"}});
}

TEST_CASE("a failure is logged when it begins and when it ends", "[host]") {
  const CapturedErrors errors;
  Sampled host([](HostInputOptions& options) {
    options.host.collectors = {CollectorKind::Memory, CollectorKind::Uptime};
  });
  for (int i = 0; i < 2; ++i) {
    CHECK(host.tick_after(Seconds(10)) == buffers_at(1393350020 + 10 * i));
    CHECK(host.samples->failures() == std::map<std::string, std::string>{
                                          {"uptime", "/proc/uptime: No such file or directory"}});
  }
  CHECK(count(errors, "uptime: /proc/uptime: No such file or directory") == 1);
  host.write("proc/uptime", "600.0 5.0\n");
  CHECK(host.tick_after(Seconds(10)) ==
        buffers_at(1393350040) + "servers.idle23.uptime.minutes 10 1393350040\n");
  CHECK(host.tick_after(Seconds(10)).size() > 0);
  CHECK(host.samples->failures().empty());
  CHECK(count(errors, "uptime works again") == 1);
  host.remove("proc/uptime");
  CHECK(host.tick_after(Seconds(10)) == buffers_at(1393350060));
  CHECK(count(errors, "uptime: /proc/uptime: No such file or directory") == 2);
}

TEST_CASE("what the sink does not take of a sample is dropped, counted and not made up", "[host]") {
  const CapturedErrors errors;
  Sampled host;
  host.write("proc/meminfo", "Buffers: 1216 kB\nCached: 2 kB\n");
  host.sink.hold();
  CHECK(host.tick_after(Seconds(7)).empty());
  CHECK(host.stats().points_dropped == 2);
  CHECK(host.samples->failures().empty());
  CHECK(count(errors, "a sample") == 1);
  host.sink.let_go();
  CHECK(host.tick_after(Seconds(5)).empty());
  host.write("proc/meminfo", "Buffers: 1216 kB\n");
  CHECK(host.tick_after(Seconds(5)) == buffers_at(1393350030));
  CHECK(host.stats().points_dropped == 2);
}

TEST_CASE("a name that Graphite cannot take is refused and counted", "[host]") {
  const CapturedErrors errors;
  Sampled bad([](HostInputOptions& options) { options.host.suffix = "a b"; });
  CHECK(bad.tick_after(Seconds(7)).empty());
  std::uint64_t refused = 0;
  for (const std::uint64_t each : bad.stats().refused) refused += each;
  CHECK(refused == 1);
}

}  // namespace
}  // namespace carbon_spool
