// Every section of the captured output of Diamond: the same files give the same names and values,
// but for the differences that docs/host.md lists.

#include <fstream>
#include <functional>
#include <sstream>

#include <catch2/catch.hpp>

#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;

/// What Diamond made of the files above it.
struct Section {
  std::vector<std::string> files;  ///< all that were shown before it
  Values values;
};

std::map<std::string, Section> captured() {
  std::ifstream file(PROJECT_SOURCE_DIR "/tests/host/captures/diamond-collectors.txt");
  std::map<std::string, Section> sections;
  std::vector<std::string> files;
  std::string title;
  bool in_file = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "<<< file content") {
      in_file = true;
      files.emplace_back();
    } else if (line == ">>>") {
      in_file = false;
    } else if (in_file) {
      files.back() += line + "\n";
    } else if (line.starts_with("# ")) {
      title = line.substr(2);
      sections[title].files = files;
    } else {
      std::istringstream fields(line);
      std::string name;
      fields >> name >> sections[title].values[name];
    }
  }
  return sections;
}

/// The section; the files before it in `path`, one sample after the other.
struct Case {
  std::string title;
  CollectorKind kind;
  std::string path;
  int samples = 1;
  std::function<void(HostOptions&)> change = [](HostOptions&) {};
  bool excerpt = false;             ///< more was made than the capture shows
  std::string differs = "nothing";  ///< a name that is left out here, see docs/host.md
};

const Section& section_of(const Case& one, const std::map<std::string, Section>& sections) {
  for (const auto& [title, section] : sections) {
    if (title == one.title) return section;
  }
  throw std::runtime_error("no section " + one.title);
}

Values sampled(const Case& one, const Section& section) {
  HostOptions options;
  one.change(options);
  SampledHost host(options, one.kind);
  host.write("proc/stat", "cpu  1 1\ncpu0 1 1\ncpu1 1 1\n");  // of loadavg: two processors
  Values values;
  for (int i = one.samples; i > 0; --i) {
    host.write(one.path, section.files.at(section.files.size() - static_cast<std::size_t>(i)));
    values = host.sample();
  }
  return values;
}

void check(const Case& one, const Section& section) {
  INFO(one.title);
  Values wanted = section.values;
  REQUIRE_FALSE(wanted.empty());
  wanted.erase(one.differs);
  Values got = sampled(one, section);
  if (one.excerpt)
    std::erase_if(got, [&](const auto& each) { return !wanted.contains(each.first); });
  std::vector<std::string> names;
  std::vector<std::string> wanted_names;
  for (const auto& [name, value] : got) names.push_back(name);
  for (const auto& [name, value] : wanted) wanted_names.push_back(name);
  CHECK(names == wanted_names);
  for (const auto& [name, value] : wanted) {
    INFO(name);
    const bool more_decimals = name.ends_with("_bit") || name.ends_with("x_byte");
    CHECK(got[name] == (more_decimals ? value + ".00" : value));
  }
}

TEST_CASE("captured files give the names and values that Diamond made of them", "[host]") {
  using enum CollectorKind;
  const std::vector<Case> cases = {
      {"cpu second", Cpu, "proc/stat", 2},
      {"cpu normalize percore=False", Cpu, "proc/stat", 2,
       [](HostOptions& options) {
         options.cpu.normalize = true;
         options.cpu.percore = false;
       }},
      {"memory", Memory, "proc/meminfo"},
      {"memory MB", Memory, "proc/meminfo", 1,
       [](HostOptions& options) { options.memory.byte_unit = "MB"; }, true},
      {"loadavg", Loadavg, "proc/loadavg"},
      {"loadavg simple", Loadavg, "proc/loadavg", 1,
       [](HostOptions& options) { options.simple_loadavg = true; }},
      {"vmstat (pgfault went backwards)", Vmstat, "proc/vmstat", 2, [](HostOptions&) {}, false,
       "servers.web01.vmstat.pgfault"},
      {"net", Network, "proc/net/dev", 2},
      {"diskusage", Iostat, "proc/diskstats", 2},
      {"mountstats", Mountstats, "proc/self/mountstats", 2},
      {"files", Files, "tmp/diamond/one"},
      {"filestat", Filestat, "proc/sys/fs/file-nr"},
      {"uptime", Uptime, "proc/uptime"},
      {"tcp", Tcp, "proc/net/snmp", 2},
  };
  const auto sections = captured();
  for (const Case& each : cases) check(each, section_of(each, sections));
}

TEST_CASE("captured sockets of both versions are added up as Diamond does", "[host]") {
  const auto sections = captured();
  const Section& section = sections.at("sockstat");
  SampledHost host({}, CollectorKind::Sockets);
  host.write("proc/net/sockstat", section.files.at(section.files.size() - 2));
  host.write("proc/net/sockstat6", section.files.back());
  CHECK(host.sample() == section.values);
}

TEST_CASE("a first sample has no rates, where Diamond has zeros", "[host]") {
  const auto sections = captured();
  SampledHost host({}, CollectorKind::Cpu);
  host.write("proc/stat", sections.at("cpu first").files.back());
  CHECK(host.sample() == Values{{"servers.web01.cpu.cpu_count", "2.00"}});
  SampledHost network({}, CollectorKind::Network);
  network.write("proc/net/dev", sections.at("net first").files.back());
  CHECK(network.sample().empty());
}

}  // namespace
}  // namespace carbon_spool
