// The worked examples of diamond.md, what its tables say, and the other texts that it shows; each
// is named by its section there. What differs on purpose is in docs/host.md, and said here.

#include <algorithm>

#include <catch2/catch.hpp>
#include <sys/statvfs.h>

#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;
using enum CollectorKind;

/// The values of the second of two samples, ten seconds apart.
Values second(SampledHost& host, const std::string& path, const std::string& first,
              const std::string& then) {
  host.write(path, first);
  static_cast<void>(host.sample());
  host.write(path, then);
  return host.sample();
}

/// Those among `values` whose names `wanted` has, with `servers.web01.` in front.
Values among(const Values& values, const Values& wanted) {
  Values found;
  for (const auto& [name, value] : wanted) {
    const auto at = values.find("servers.web01." + name);
    found[name] = at == values.end() ? "none" : at->second;
  }
  return found;
}

std::vector<std::string> names_of(const Values& values, const std::string& front) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) {
    REQUIRE(name.starts_with(front));
    names.push_back(name.substr(front.size()));
  }
  return names;
}

using Names = std::vector<std::string>;

// --- 8: worked examples --------------------------------------------------------------------------

const std::string kCpuFirst =
    "cpu  1000 200 300 40000 50 6 7 8 9 10\ncpu0 500 100 150 20000 25 3 3 4 5 5\n"
    "cpu1 500 100 150 20000 25 3 4 4 4 5\n";
const std::string kCpuSecond =
    "cpu  1100 200 350 41900 50 6 7 8 9 10\ncpu0 560 100 170 20900 25 3 3 4 5 5\n"
    "cpu1 540 100 180 21000 25 3 4 4 4 5\n";

TEST_CASE("diamond.md 8.1: processors", "[host]") {
  SampledHost host({}, Cpu);
  const Values wanted = {{"cpu.total.user", "10.00"},
                         {"cpu.total.system", "5.00"},
                         {"cpu.total.idle", "190.00"},
                         {"cpu.cpu_count", "2.00"}};
  CHECK(among(second(host, "proc/stat", kCpuFirst, kCpuSecond), wanted) == wanted);
}

TEST_CASE("diamond.md 8.1: processors, normalized", "[host]") {
  HostOptions options;
  options.cpu.normalize = true;
  SampledHost host(options, Cpu);
  const Values wanted = {{"cpu.total.user", "5.00"},
                         {"cpu.total.system", "2.50"},
                         {"cpu.total.idle", "95.00"},
                         {"cpu.cpu0.user", "6.00"}};
  CHECK(among(second(host, "proc/stat", kCpuFirst, kCpuSecond), wanted) == wanted);
}

TEST_CASE("diamond.md 8.1: a first run of processors has no rates, where Diamond has 0.00",
          "[host]") {
  SampledHost host({}, Cpu);
  host.write("proc/stat", kCpuFirst);
  CHECK(host.sample() == Values{{"servers.web01.cpu.cpu_count", "2.00"}});
}

TEST_CASE("diamond.md 8.2: memory", "[host]") {
  SampledHost host({}, Memory);
  host.write("proc/meminfo",
             "MemTotal: 16384256 kB\nMemAvailable: 8192000 kB\nBuffers: 1216 kB\n"
             "Active: 446816 kB\n");
  CHECK(host.sample() == Values{{"servers.web01.memory.Buffers", "1245184"},
                                {"servers.web01.memory.Active", "457539584"},
                                {"servers.web01.memory.MemTotal", "16777478144"},
                                {"servers.web01.memory.MemAvailable", "8388608000"},
                                {"servers.web01.memory.MemUsedPercentage", "50"}});
}

TEST_CASE("diamond.md 8.3: sockets", "[host]") {
  SampledHost host({}, Sockets);
  host.write("proc/net/sockstat",
             "sockets: used 118\nTCP: inuse 61 orphan 0 tw 3 alloc 73 mem 50\n"
             "UDP: inuse 6 mem 2\n");
  host.write("proc/net/sockstat6", "TCP6: inuse 12\nUDP6: inuse 5\n");
  CHECK(host.sample() == Values{{"servers.web01.sockets.used", "118"},
                                {"servers.web01.sockets.tcp_inuse", "73"},
                                {"servers.web01.sockets.tcp_tw", "3"},
                                {"servers.web01.sockets.tcp_alloc", "73"},
                                {"servers.web01.sockets.tcp_mem", "50"},
                                {"servers.web01.sockets.tcp_orphan", "0"},
                                {"servers.web01.sockets.udp_inuse", "11"},
                                {"servers.web01.sockets.udp_mem", "2"}});
}

std::string interface(const std::string& name, const std::string& received,
                      const std::string& sent) {
  return name + ": " + received + " 0 0 0 0 0 0 " + sent + " 0 0 0 0 0 0\n";
}

TEST_CASE("diamond.md 8.4: network; rx_byte is 100.00, although Diamond's own run printed 100",
          "[host]") {
  SampledHost host({}, Network);
  const Values wanted = {{"network.eth0.rx_byte", "100.00"}, {"network.eth0.rx_bit", "800.00"},
                         {"network.eth0.rx_packets", "2"},   {"network.eth0.tx_byte", "250.00"},
                         {"network.eth0.tx_bit", "2000.00"}, {"network.eth0.tx_packets", "5"}};
  CHECK(among(second(host, "proc/net/dev", interface("eth0", "1000 10", "2000 20"),
                     interface("eth0", "2000 30", "4500 70")),
              wanted) == wanted);
}

TEST_CASE("diamond.md 8.5: disks", "[host]") {
  SampledHost host({}, Iostat);
  const std::string sda = "   8       0 sda ";
  const std::string sda1 = "   8       1 sda1 10 5 80 4 20 10 160 9 0 12 13\n";
  const Values values = second(host, "proc/diskstats",
                               sda + "1000 50 8000 400 2000 100 16000 900 0 1200 1300\n" + sda1,
                               sda + "1100 60 9600 500 2300 130 20000 1500 2 1700 2300\n" + sda1);
  const Values wanted = {{"iostat.sda.reads", "100.000"},
                         {"iostat.sda.reads_byte", "819200.000"},
                         {"iostat.sda.read_byte_per_second", "81920.000"},
                         {"iostat.sda.iops", "40.000"},
                         {"iostat.sda.await", "1.750"},
                         {"iostat.sda.service_time", "1.250"},
                         {"iostat.sda.util_percentage", "5.000"},
                         {"iostat.sda.average_queue_length", "0.100"},
                         {"iostat.sda.average_request_size_byte", "7168.000"},
                         {"iostat.sda.concurrent_io", "0.050"},
                         {"iostat.sda.io_in_progress", "2.000"}};
  CHECK(among(values, wanted) == wanted);
  CHECK(names_of(values, "servers.web01.iostat.sda.").size() == 27);  // and none of sda1
}

TEST_CASE("diamond.md 8.6: virtual memory; a counter that went backwards makes no point",
          "[host]") {
  SampledHost host({}, Vmstat);
  CHECK(second(host, "proc/vmstat", "pgpgin 1000\npgfault 100000\npgmajfault 10\n",
               "pgpgin 1100\npgfault 90000\npgmajfault 13\n") ==
        Values{{"servers.web01.vmstat.pgpgin", "10.00"},
               {"servers.web01.vmstat.pgmajfault", "0.30"}});
}

TEST_CASE("diamond.md 8.7: load averages", "[host]") {
  SampledHost host({}, Loadavg);
  host.write("proc/stat", kCpuFirst);
  host.write("proc/loadavg", "0.12 0.23 0.34 2/321 12345\n");
  CHECK(host.sample() == Values{{"servers.web01.loadavg.01", "0.12"},
                                {"servers.web01.loadavg.05", "0.23"},
                                {"servers.web01.loadavg.15", "0.34"},
                                {"servers.web01.loadavg.01_normalized", "0.06"},
                                {"servers.web01.loadavg.05_normalized", "0.12"},
                                {"servers.web01.loadavg.15_normalized", "0.17"},
                                {"servers.web01.loadavg.processes_running", "2"},
                                {"servers.web01.loadavg.processes_total", "321"}});
}

std::string nfs_mount(const std::string& lines, const std::string& point = "/mnt/nfs.a") {
  return "device 10.0.0.2:/vol mounted on " + point + " with fstype nfs statvers=1.1\n" + lines;
}

TEST_CASE("diamond.md 8.8: NFS mounts", "[host]") {
  SampledHost host({}, Mountstats);
  CHECK(second(host, "proc/self/mountstats", nfs_mount("\tREAD: 10 10 0 1000 2000 5 70 80\n"),
               nfs_mount("\tREAD: 30 10 0 1000 2000 5 170 280\n")) ==
        Values{{"servers.web01.mountstats._mnt_nfs_a.rpc.read.ops", "2"},
               {"servers.web01.mountstats._mnt_nfs_a.rpc.read.rtt", "10"},
               {"servers.web01.mountstats._mnt_nfs_a.rpc.read.exe", "20"}});
}

// --- 1 to 5: what is said beside -----------------------------------------------------------------

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
  const Values values = second(host, "proc/net/dev", interface("eth0", "0 0", "0 0"),
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
  CHECK(names_of(second(host, "proc/stat", "cpu  1 1 1 1 1\ncpu0 1 1 1 1 1\n",
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
       names_of(second(host, "proc/diskstats", text, text), "servers.web01.iostat.")) {
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
        second(host, "proc/self/mountstats", nfs_mount(text + "\n"), nfs_mount(text + "\n")),
        front);
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
         names_of(second(host, "proc/self/mountstats", text, text), "servers.web01.mountstats.")) {
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
    return names_of(second(host, "proc/net/dev", text, text), "servers.web01.network.");
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
