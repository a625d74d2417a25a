// What the sections and tables of diamond.md say of names, values and settings, and the texts that
// it shows there; each is named by its section. What differs on purpose is in docs/host.md.

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>
#include <sys/statvfs.h>

#include "host_texts.h"
#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;
using enum CollectorKind;

using Names = std::vector<std::string>;

TEST_CASE("diamond.md 1: settings of names", "[host]") {
  const auto name = [](const std::function<void(HostOptions&)>& change) {
    HostOptions options;
    change(options);
    SampledHost host(options, Memory);
    host.write("proc/meminfo", "Buffers: 1 kB\n");
    const Values values = host.sample();
    return values.empty() ? "" : values.begin()->first;
  };
  CHECK(name([](HostOptions&) {}) == "servers.web01.memory.Buffers");
  CHECK(name([](HostOptions& options) { options.prefix = ""; }) == "web01.memory.Buffers");
  CHECK(name([](HostOptions& options) { options.suffix = "s"; }) ==
        "servers.web01.s.memory.Buffers");
  for (const char* path : {".", ""}) {
    CHECK(name([&](HostOptions& options) { options.of(Memory).path = path; }) ==
          "servers.web01.Buffers");
  }
  // Matched from the start, of the part behind the path.
  CHECK(name([](HostOptions& options) { options.of(Memory).allow = {"Buff"}; }) ==
        "servers.web01.memory.Buffers");
  CHECK(name([](HostOptions& options) { options.of(Memory).allow = {"uffers"}; }).empty());
  CHECK(name([](HostOptions& options) { options.of(Memory).deny = {"Buff"}; }).empty());
  CHECK(name([](HostOptions& options) { options.of(Memory).deny = {"memory"}; }) ==
        "servers.web01.memory.Buffers");
}

TEST_CASE("diamond.md 2: halves become even, and what is less is cut to no decimals", "[host]") {
  SampledHost host({}, Network);
  const Values values = host.second("proc/net/dev", interface("eth0", "0 0", "0 0"),
                                    "eth0: 0 55 25 2 0 0 0 0 0 0 0 0 0 0 0 0\n");
  const Values wanted = {{"network.eth0.rx_packets", "6"},
                         {"network.eth0.rx_errors", "2"},
                         {"network.eth0.rx_drop", "0"}};
  CHECK(among(values, wanted) == wanted);
}

TEST_CASE("diamond.md 3: rates; over the measured time, and never of a first sample", "[host]") {
  SampledHost host({}, Vmstat);
  const auto values = [&](const std::string& text) {
    host.write("proc/vmstat", text);
    return host.sample();
  };
  CHECK(values("pswpin 18446744073709551615\n").empty());
  CHECK(values("pswpin 5\n").empty());
  CHECK(values("pswpin 15\n") == Values{{"servers.web01.vmstat.pswpin", "1.00"}});
  static_cast<void>(values(""));
  CHECK(values("pswpin 25\n").empty());
}

TEST_CASE("diamond.md 4: on by default are those of 3.4, and network", "[host]") {
  const HostOptions options;
  CHECK(options.collectors ==
        std::vector{Cpu, Diskspace, Iostat, Loadavg, Memory, Mountstats, Network, Sockets, Vmstat});
}

TEST_CASE("diamond.md 5, CPU: as many columns as the line has", "[host]") {
  HostOptions options;
  options.cpu.percore = false;
  SampledHost host(options, Cpu);
  CHECK(names_of(host.second("proc/stat", "cpu  1 1 1 1 1\ncpu0 1 1 1 1 1\n",
                             "cpu  1 1 1 1 1\ncpu0 1 1 1 1 1\n"),
                 "servers.web01.cpu.") == Names{"cpu_count", "total.idle", "total.iowait",
                                                "total.nice", "total.system", "total.user"});
}

TEST_CASE("diamond.md 5, Memory: others only if detailed, and those without a unit never",
          "[host]") {
  const std::string text = "VmallocChunk: 1 kB\nActive(anon): 5 kB\nHugePages_Total:       0\n";
  SampledHost plain({}, Memory);
  plain.write("proc/meminfo", text);
  CHECK(names_of(plain.sample(), "servers.web01.memory.") == Names{"VmallocChunk"});
  HostOptions options;
  options.memory.detailed = true;
  SampledHost detailed(options, Memory);
  detailed.write("proc/meminfo", text);
  CHECK(names_of(detailed.sample(), "servers.web01.memory.") ==
        Names{"Active(anon)", "VmallocChunk"});
}

/// The name that a mount makes points under; empty: none.
std::string name_of_mount(const std::string& mount, const std::string& folder = "") {
  SampledHost host({}, Diskspace);
  if (!folder.empty()) std::filesystem::create_directories(host.path_of(folder));
  host.write("proc/mounts", mount);
  const Values values = host.sample();
  if (values.empty()) return "";
  std::string name = values.begin()->first.substr(std::string("servers.web01.diskspace.").size());
  return name.substr(0, name.rfind('.'));
}

TEST_CASE("diamond.md 5, DiskSpace: which mounts, and what they are called", "[host]") {
  CHECK(name_of_mount("/dev/sda1 / ext4 rw 0 0\n") == "root");
  CHECK(name_of_mount("/dev/sda1 /tmp xfs rw 0 0\n", "tmp") == "tmp");
  CHECK(name_of_mount("/dev/sda1 /var/log btrfs rw 0 0\n", "var/log") == "_var_log");
  CHECK(name_of_mount("/dev/sda1 /mnt/nfs.a ext3 rw 0 0\n", "mnt/nfs.a") == "_mnt_nfs_a");
  CHECK(name_of_mount("/dev/sda1 /a\\040b ext2 rw 0 0\n", "a b") == "_a040b");
  CHECK(name_of_mount("/dev/sda1 / tmpfs rw 0 0\n").empty());
  CHECK(name_of_mount("sda1 / ext4 rw 0 0\n").empty());
  CHECK(name_of_mount("/dev/sda1 /export/home ext4 rw 0 0\n", "export/home").empty());
  CHECK(name_of_mount("/dev/sda1 /srv/export/home ext4 rw 0 0\n", "srv/export/home") ==
        "_srv_export_home");
}

TEST_CASE("diamond.md 5, DiskSpace: units and decimals", "[host]") {
  HostOptions options;
  options.diskspace.byte_unit = {"byte", "gigabyte"};
  SampledHost host(options, Diskspace);
  host.write("proc/mounts", "/dev/sda1 / ext4 rw 0 0\n");
  const Values values = host.sample();
  Names names = {"byte_avail",     "byte_free",     "byte_percentfree",     "byte_used",
                 "gigabyte_avail", "gigabyte_free", "gigabyte_percentfree", "gigabyte_used",
                 "inodes_avail",   "inodes_free",   "inodes_used"};
  struct statvfs space {};
  REQUIRE(::statvfs(host.path_of("").c_str(), &space) == 0);
  if (space.f_files > 0) names.insert(names.end() - 1, "inodes_percentfree");
  CHECK(names_of(values, "servers.web01.diskspace.root.") == names);
  const auto number = [&](const std::string& name) {
    return std::stod(values.at("servers.web01.diskspace.root." + name));
  };
  const double size = static_cast<double>(space.f_frsize) * static_cast<double>(space.f_blocks);
  CHECK(number("byte_used") + number("byte_free") == size);
  CHECK(number("gigabyte_used") + number("gigabyte_free") == Approx(size / (1 << 30)).margin(0.02));
  CHECK(number("byte_percentfree") == Approx(100 * number("byte_free") / size).margin(0.01));
  for (const auto& [name, value] : values) {
    INFO(name << " " << value);
    const std::size_t point = value.find('.');
    CHECK((point == std::string::npos) == (name.find("inodes") != std::string::npos));
    if (point != std::string::npos) CHECK(value.size() - point == 3);
  }
}

TEST_CASE("diamond.md 5, DiskUsage: which devices", "[host]") {
  HostOptions options;
  options.iostat.send_zero = true;
  SampledHost host(options, Iostat);
  std::string text;
  for (const char* device :
       {"PhysicalDrive0", "md127", "sda", "sdab12", "vda1", "xvdb", "disk0", "nvme0n1", "nvme0n1p2",
        "dm-3", "ram0", "loop0", "sr0", "fd0", "sda1x", "zram0"}) {
    text += std::string(" 8 0 ") + device + " 0 0 0 0 0 0 0 0 0 0 0\n";
  }
  text += " 8 0 sdz 0 0 0 0\n";  // of an old kernel: too few columns
  Names devices;
  for (const std::string& name :
       names_of(host.second("proc/diskstats", text, text), "servers.web01.iostat.")) {
    devices.push_back(name.substr(0, name.find('.')));
  }
  devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
  CHECK(devices == Names{"PhysicalDrive0", "disk0", "dm-3", "md127", "nvme0n1", "nvme0n1p2", "sda",
                         "sdab12", "vda1", "xvdb"});
}

TEST_CASE("diamond.md 5, MountStats: the names of each transport", "[host]") {
  const auto names = [](const std::string& transport) {
    std::string text = "\txprt:\t" + transport;
    for (int i = 0; i < 25; ++i) text += " 1";
    SampledHost host({}, Mountstats);
    const std::string front = "servers.web01.mountstats._mnt_nfs_a.xprt." + transport + ".";
    return names_of(
        host.second("proc/self/mountstats", nfs_mount(text + "\n"), nfs_mount(text + "\n")), front);
  };
  CHECK(names("tcp") == Names{"backlogutil", "badxids", "bind_count", "connect_count",
                              "connect_time", "idle_time", "port", "rpcreceives", "rpcsends"});
  CHECK(names("udp") ==
        Names{"backlogutil", "badxids", "bind_count", "port", "rpcreceives", "rpcsends"});
  CHECK(names("rdma").size() == 19);
}

TEST_CASE("diamond.md 5, MountStats: filters, from the start of mount points", "[host]") {
  const auto names = [](const std::vector<std::string>& exclude,
                        const std::vector<std::string>& include) {
    HostOptions options;
    options.mountstats = {exclude, include};
    SampledHost host(options, Mountstats);
    const std::string read = "\tREAD: 10 10 0 1000 2000 5 70 80\n";
    const std::string text = nfs_mount(read, "/mnt/a") + nfs_mount(read, "/srv/mnt");
    Names mounts;
    for (const std::string& name :
         names_of(host.second("proc/self/mountstats", text, text), "servers.web01.mountstats.")) {
      mounts.push_back(name.substr(0, name.find('.')));
    }
    mounts.erase(std::unique(mounts.begin(), mounts.end()), mounts.end());
    return mounts;
  };
  CHECK(names({}, {}) == Names{"_mnt_a", "_srv_mnt"});
  CHECK(names({"/mnt"}, {}) == Names{"_srv_mnt"});
  CHECK(names({}, {"/mnt"}) == Names{"_mnt_a"});
}

TEST_CASE("diamond.md 5, Network: which interfaces; a dot adds an element", "[host]") {
  const auto names = [](bool greedy) {
    HostOptions options;
    options.network.greedy = greedy;
    options.network.byte_unit = {"byte"};
    options.of(Network).allow = {".*rx_byte"};
    SampledHost host(options, Network);
    std::string text;
    for (const char* each : {"lo", "eth0", "eth0.5", "bond0", "em1", "p1p1", "eno1", "enp3s0",
                             "ens3", "enx0", "wlan0", "veth1", "docker0", "eth"}) {
      text += interface(each, "1 1", "1 1");
    }
    return names_of(host.second("proc/net/dev", text, text), "servers.web01.network.");
  };
  CHECK(names(true) == Names{"bond0.rx_byte", "em1.rx_byte", "eno1.rx_byte", "enp3s0.rx_byte",
                             "ens3.rx_byte", "enx0.rx_byte", "eth.rx_byte", "eth0.5.rx_byte",
                             "eth0.rx_byte", "p1p1.rx_byte"});
  CHECK(names(false) == Names{"eth.rx_byte"});
}

TEST_CASE("diamond.md 5, Files: a file that was read is removed if so wanted", "[host]") {
  HostOptions options;
  options.files.remove = true;
  SampledHost host(options, Files);
  host.write("tmp/diamond/a", "load 1.50\n");
  host.write("tmp/diamond/b", "nothing\n");
  CHECK(host.sample() == Values{{"servers.web01.load", "1.50"}});
  CHECK_FALSE(std::filesystem::exists(host.path_of("tmp/diamond/a")));
  CHECK(std::filesystem::exists(host.path_of("tmp/diamond/b")));
}

}  // namespace
}  // namespace carbon_spool
