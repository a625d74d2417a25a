// The worked examples of diamond.md; each is named by its section there. What differs on purpose is
// in docs/host.md, and said here.

#include <catch2/catch.hpp>

#include "host_texts.h"
#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;
using enum CollectorKind;

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
  CHECK(among(host.second("proc/stat", kCpuFirst, kCpuSecond), wanted) == wanted);
}

TEST_CASE("diamond.md 8.1: processors, normalized", "[host]") {
  HostOptions options;
  options.cpu.normalize = true;
  SampledHost host(options, Cpu);
  const Values wanted = {{"cpu.total.user", "5.00"},
                         {"cpu.total.system", "2.50"},
                         {"cpu.total.idle", "95.00"},
                         {"cpu.cpu0.user", "6.00"}};
  CHECK(among(host.second("proc/stat", kCpuFirst, kCpuSecond), wanted) == wanted);
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

TEST_CASE("diamond.md 8.4: network; rx_byte is 100.00, although Diamond's own run printed 100",
          "[host]") {
  SampledHost host({}, Network);
  const Values wanted = {{"network.eth0.rx_byte", "100.00"}, {"network.eth0.rx_bit", "800.00"},
                         {"network.eth0.rx_packets", "2"},   {"network.eth0.tx_byte", "250.00"},
                         {"network.eth0.tx_bit", "2000.00"}, {"network.eth0.tx_packets", "5"}};
  CHECK(among(host.second("proc/net/dev", interface("eth0", "1000 10", "2000 20"),
                          interface("eth0", "2000 30", "4500 70")),
              wanted) == wanted);
}

TEST_CASE("diamond.md 8.5: disks", "[host]") {
  SampledHost host({}, Iostat);
  const std::string sda = "   8       0 sda ";
  const std::string sda1 = "   8       1 sda1 10 5 80 4 20 10 160 9 0 12 13\n";
  const Values values = host.second(
      "proc/diskstats", sda + "1000 50 8000 400 2000 100 16000 900 0 1200 1300\n" + sda1,
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
  CHECK(host.second("proc/vmstat", "pgpgin 1000\npgfault 100000\npgmajfault 10\n",
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

TEST_CASE("diamond.md 8.8: NFS mounts", "[host]") {
  SampledHost host({}, Mountstats);
  CHECK(host.second("proc/self/mountstats", nfs_mount("\tREAD: 10 10 0 1000 2000 5 70 80\n"),
                    nfs_mount("\tREAD: 30 10 0 1000 2000 5 170 280\n")) ==
        Values{{"servers.web01.mountstats._mnt_nfs_a.rpc.read.ops", "2"},
               {"servers.web01.mountstats._mnt_nfs_a.rpc.read.rtt", "10"},
               {"servers.web01.mountstats._mnt_nfs_a.rpc.read.exe", "20"}});
}

}  // namespace
}  // namespace carbon_spool
