#include <catch2/catch.hpp>

#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;

std::string disk(const std::string& numbers) {
  return "   8       0 sda " + numbers + "\n";
}

TEST_CASE("a counter that was reset makes no point, and then goes on", "[host]") {
  SampledHost host({}, CollectorKind::Vmstat);
  host.write("proc/vmstat", "pgfault 100000\n");
  CHECK(host.sample().empty());
  host.write("proc/vmstat", "pgfault 90000\n");
  CHECK(host.sample().empty());
  host.write("proc/vmstat", "pgfault 90010\n");
  CHECK(host.sample() == Values{{"servers.web01.vmstat.pgfault", "1.00"}});
}

TEST_CASE("milliseconds of a disk that wrap make no spike", "[host]") {
  SampledHost host({}, CollectorKind::Iostat);
  host.write("proc/diskstats", disk("10 0 0 4294967200 0 0 0 0 0 0 0"));
  CHECK(host.sample().empty());
  host.write("proc/diskstats", disk("11 0 0 4 0 0 0 0 0 0 0"));
  CHECK(host.sample()["servers.web01.iostat.sda.reads_milliseconds"] == "100.000");
  host.write("proc/diskstats", disk("1 0 0 0 0 0 0 0 0 0 0"));  // another disk
  CHECK(host.sample().empty());
}

TEST_CASE("diamond.md 5, DiskUsage: a disk without requests is left out, unless zeros are wanted",
          "[host]") {
  for (const bool send_zero : {false, true}) {
    HostOptions options;
    options.iostat.send_zero = send_zero;
    SampledHost host(options, CollectorKind::Iostat);
    host.write("proc/diskstats", disk("10 0 0 0 0 0 0 0 0 0 0"));
    CHECK(host.sample().empty());
    CHECK(host.sample().size() == (send_zero ? 27 : 0));
  }
}

TEST_CASE("diamond.md 5, CPU: percent is what was not idle since the sample before", "[host]") {
  HostOptions options;
  options.cpu.simple = true;
  SampledHost host(options, CollectorKind::Cpu);
  host.write("proc/stat", "cpu  100 0 100 800 50\n");
  CHECK(host.sample().empty());
  host.write("proc/stat", "cpu  150 0 150 900 70\n");
  CHECK(host.sample() == Values{{"servers.web01.cpu.percent", "50"}});
}

TEST_CASE("a file that is missing loses its collector, and is named", "[host]") {
  SampledHost host({}, CollectorKind::Memory);
  CHECK(host.sample().empty());
  CHECK(host.failures().at("memory") == "/proc/meminfo: No such file or directory");
  host.write("proc/meminfo", "MemFree: 1 kB\n");
  CHECK(host.sample() == Values{{"servers.web01.memory.MemFree", "1024"}});
  CHECK(host.failures().empty());
}

TEST_CASE("names are put together of what is not empty", "[host]") {
  HostOptions options;
  options.prefix = "";
  options.suffix = "prod";
  options.of(CollectorKind::Memory).path = ".";
  SampledHost host(options, CollectorKind::Memory);
  host.write("proc/meminfo", "MemFree: 1 kB\n");
  CHECK(host.sample() == Values{{"web01.prod.MemFree", "1024"}});
}

TEST_CASE("allow and deny are matched from the start of a name", "[host]") {
  const std::string text = "MemFree: 1 kB\nSwapFree: 2 kB\n";
  HostOptions options;
  options.of(CollectorKind::Memory).allow = {"Free", "Swap"};
  SampledHost allowed(options, CollectorKind::Memory);
  allowed.write("proc/meminfo", text);
  CHECK(allowed.sample() == Values{{"servers.web01.memory.SwapFree", "2048"}});
  options.of(CollectorKind::Memory).allow = {};
  options.of(CollectorKind::Memory).deny = {"Swap", "Free"};
  SampledHost denied(options, CollectorKind::Memory);
  denied.write("proc/meminfo", text);
  CHECK(denied.sample() == Values{{"servers.web01.memory.MemFree", "1024"}});
}

TEST_CASE("diamond.md 5, DiskSpace: file systems are named, and each is taken once", "[host]") {
  SampledHost host({}, CollectorKind::Diskspace);
  host.write("var/log/x", "");
  host.write(
      "proc/mounts",
      "proc /proc proc rw 0 0\n/dev/sda1 /var/log ext4 rw 0 0\n/dev/sda1 /other ext4 rw 0 0\n"
      "/dev/sda2 /export/home ext4 rw 0 0\n");
  std::filesystem::create_directories(host.path_of("other"));
  const Values values = host.sample();
  CHECK(values.size() >= 7);
  for (const auto& [name, value] : values) {
    CHECK(name.starts_with("servers.web01.diskspace._var_log."));
  }
  CHECK(values.contains("servers.web01.diskspace._var_log.byte_percentfree"));
  CHECK(host.failures().empty());
}

TEST_CASE("a network file system is asked by a process of its own", "[host]") {
  SampledHost host({}, CollectorKind::Diskspace);
  std::filesystem::create_directories(host.path_of("mnt"));
  host.write("proc/mounts", "server:/x /mnt nfs4 rw 0 0\nserver:/y /gone nfs4 rw 0 0\n");
  CHECK(host.sample().contains("servers.web01.diskspace._mnt.byte_free"));
  CHECK(host.failures().at("diskspace") == "/gone: the file system does not answer");
}

TEST_CASE("diamond.md 5, DiskSpace: a device's label takes the place of its mount point",
          "[host]") {
  SampledHost host({}, CollectorKind::Diskspace);
  std::filesystem::create_directories(host.path_of("data"));
  std::filesystem::create_directories(host.path_of("dev/disk/by-label"));
  std::filesystem::create_symlink("../../sdb1", host.path_of("dev/disk/by-label/archive"));
  host.write("proc/mounts", "/dev/sdb1 /data xfs rw 0 0\n");
  CHECK(host.sample().contains("servers.web01.diskspace.archive.byte_used"));
}

TEST_CASE("diamond.md 1: hostname methods", "[host]") {
  const HostNames names{
      [] { return "db7.lan"; }, [] { return "db7.node.lan"; }, [] { return "db7.example.com"; },
      [](const std::string& command) { return Result<std::string>(" " + command + "\n"); }};
  using enum HostnameMethod;
  const std::map<HostnameMethod, std::string> wanted = {{Smart, "db7"},
                                                        {FqdnShort, "db7"},
                                                        {Fqdn, "db7_example_com"},
                                                        {FqdnRev, "com.example.db7"},
                                                        {UnameShort, "db7"},
                                                        {UnameRev, "lan.node.db7"},
                                                        {Hostname, "db7.lan"},
                                                        {HostnameShort, "db7"},
                                                        {HostnameRev, "lan.db7"},
                                                        {None, ""}};
  for (const auto& [method, name] : wanted) {
    INFO(name_of(method));
    CHECK(find_hostname({method, ""}, names).value() == name);
    CHECK(hostname_method_named(name_of(method)) == method);
  }
  CHECK(find_hostname({Fqdn, "given"}, names).value() == "given");
  CHECK(find_hostname({Shell, "given"}, names).value() == "given");
  CHECK(hostname_method_named("FQDN_Short") == FqdnShort);
  HostNames local = names;
  local.fqdn = [] { return "localhost.localdomain"; };
  CHECK(find_hostname({Smart, ""}, local).value() == "db7");
  local.hostname = [] { return ""; };
  CHECK_FALSE(find_hostname({Hostname, ""}, local));
  CHECK_FALSE(find_hostname({Shell, "two words"}, names));
}

TEST_CASE("units are binary", "[host]") {
  for (const char* each :
       {"byte", "bit", "kB", "KiB", "kilobit", "MB", "Mbyte", "Gibit", "yottabyte"}) {
    CHECK(is_byte_unit(each));
  }
  CHECK_FALSE(is_byte_unit("word"));
}

}  // namespace
}  // namespace carbon_spool
