// TCP, UDP and NFS: rates under Diamond's names (its tcp.py, udp.py and nfs.py).

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sampled_host.h"

namespace carbon_spool {
namespace {

using Values = SampledHost::Values;

/// `name: a b c` above `name: 1 2 3`, as /proc/net/snmp has it.
std::string table(const std::string& front, const std::string& names, const std::string& values) {
  return front + ": " + names + "\n" + front + ": " + values + "\n";
}

const std::string kUdpNames =
    "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors";

std::string udp(const std::string& values) {
  return table("Ip", "Forwarding InReceives", "1 77") + table("Udp", kUdpNames, values) +
         table("UdpLite", kUdpNames, "9 9 9 9 9 9 9");
}

TEST_CASE("diamond.md 5, UDP: the counters of snmp, a second", "[host]") {
  SampledHost host({}, CollectorKind::Udp);
  host.write("proc/net/snmp", udp("1000 20 30 400 5 6 7"));
  CHECK(host.sample().empty());
  host.write("proc/net/snmp", udp("1100 30 55 450 5 8 7"));
  CHECK(host.sample() == Values{{"servers.web01.udp.InDatagrams", "10"},
                                {"servers.web01.udp.NoPorts", "1"},
                                {"servers.web01.udp.InErrors", "2"},
                                {"servers.web01.udp.OutDatagrams", "5"},
                                {"servers.web01.udp.RcvbufErrors", "0"},
                                {"servers.web01.udp.SndbufErrors", "0"}});
  CHECK(host.failures().empty());
  host.write("proc/net/snmp", udp("5 30 55 450 5 8 7"));
  CHECK_FALSE(host.sample().contains("servers.web01.udp.InDatagrams"));
}

TEST_CASE("UDP's names are those that are allowed, or all", "[host]") {
  for (const bool all : {false, true}) {
    HostOptions options;
    options.udp.allowed_names = {"InCsumErrors"};
    if (all) options.udp.allowed_names = {};
    SampledHost host(options, CollectorKind::Udp);
    host.write("proc/net/snmp", udp("1 1 1 1 1 1 1"));
    static_cast<void>(host.sample());
    const Values values = host.sample();
    CHECK(values.size() == (all ? 7 : 1));
    CHECK(values.contains("servers.web01.udp.InCsumErrors"));
  }
}

TEST_CASE("UDP without its file, or its lines", "[host]") {
  SampledHost host({}, CollectorKind::Udp);
  CHECK(host.sample().empty());
  CHECK(host.failures().at("udp").starts_with("/proc/net/snmp: "));
  const std::vector<std::string> texts = {"", table("Ip", "Forwarding", "1"), "Udp: NoPorts\n",
                                          table("Udp", "NoPorts InErrors", "3")};
  for (const std::string& text : texts) {
    host.write("proc/net/snmp", text);
    CHECK(host.sample().empty());
  }
  host.write("proc/net/snmp", table("Udp", "NoPorts InErrors", "3"));
  CHECK(host.sample() == Values{{"servers.web01.udp.NoPorts", "0"}});
}

TEST_CASE("diamond.md 5, TCP: netstat and snmp together, and gauges as they are", "[host]") {
  HostOptions options;
  options.tcp.allowed_names.emplace_back("MaxConn");
  SampledHost host(options, CollectorKind::Tcp);
  const auto write = [&](const std::string& extended, const std::string& plain) {
    host.write("proc/net/netstat",
               table("TcpExt", "SyncookiesSent ListenOverflows TCPTimeouts", extended) +
                   table("IpExt", "InOctets", "1"));
    host.write("proc/net/snmp",
               table("Tcp", "RtoAlgorithm MaxConn ActiveOpens EstabResets CurrEstab", plain));
  };
  write("1 10 100", "1 -1 100 30 5");
  CHECK(host.sample() ==
        Values{{"servers.web01.tcp.MaxConn", "-1"}, {"servers.web01.tcp.CurrEstab", "5"}});
  write("9 30 150", "1 -1 160 30 4");
  CHECK(host.sample() == Values{{"servers.web01.tcp.ListenOverflows", "2"},
                                {"servers.web01.tcp.TCPTimeouts", "5"},
                                {"servers.web01.tcp.MaxConn", "-1"},
                                {"servers.web01.tcp.ActiveOpens", "6"},
                                {"servers.web01.tcp.EstabResets", "0"},
                                {"servers.web01.tcp.CurrEstab", "4"}});
}

/// `count` numbers that begin with `first` and rise by one.
std::string rising(int count, int first) {
  std::string text;
  for (int i = 0; i < count; ++i) text += " " + std::to_string(first + i);
  return text;
}

TEST_CASE("NFS's calls of each version are told apart", "[host]") {
  SampledHost host({}, CollectorKind::Nfs);
  host.write("proc/net/rpc/nfs", "net 100 20 30 4\nrpc 1000 10 5\nproc2 18" + rising(18, 0) +
                                     "\nproc3 22" + rising(22, 0) + "\nproc4 49" + rising(49, 0) +
                                     "\n");
  CHECK(host.sample().empty());
  // Each number of a version grows by ten times its place.
  const auto grown = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += " " + std::to_string(i + 10 * (i + 1));
    return text;
  };
  host.write("proc/net/rpc/nfs", "net 200 40 60 14\nrpc 1500 15 5\nproc2 18" + grown(18) +
                                     "\nproc3 22" + grown(22) + "\nproc4 49" + grown(49) + "\n");
  const Values values = host.sample();
  const auto value = [&](const std::string& name) {
    const auto found = values.find("servers.web01.nfs." + name);
    return found == values.end() ? "none" : found->second;
  };
  CHECK(values.size() == 4 + 3 + 18 + 22 + 49);
  const Values wanted = {
      {"net.packets", "10"},    {"net.udpcnt", "2"},      {"net.tcpcnt", "3"},
      {"net.tcpconn", "1"},     {"rpc.calls", "50"},      {"rpc.retrans", "0"},
      {"rpc.authrefrsh", "0"},  {"v2.null", "1"},         {"v2.getattr", "2"},
      {"v2.root", "4"},         {"v2.wrcache", "8"},      {"v2.write", "9"},
      {"v2.remove", "11"},      {"v2.readdir", "17"},     {"v2.fsstat", "18"},
      {"v3.null", "1"},         {"v3.lookup", "4"},       {"v3.access", "5"},
      {"v3.write", "8"},        {"v3.mknod", "12"},       {"v3.readdirplus", "18"},
      {"v3.pathconf", "21"},    {"v3.commit", "22"},      {"v4.null", "1"},
      {"v4.read", "2"},         {"v4.open_dgrd", "8"},    {"v4.setclntid", "13"},
      {"v4.lookup_root", "21"}, {"v4.readdir", "30"},     {"v4.server_caps", "31"},
      {"v4.rel_lkowner", "36"}, {"v4.exchange_id", "37"}, {"v4.sequence", "40"},
      {"v4.getdevlist", "46"},  {"v4.getdevinfo", "47"},  {"v4.ds_commit", "49"}};
  for (const auto& [name, rate] : wanted) {
    INFO(name);
    CHECK(value(name) == rate);
  }
}

TEST_CASE("NFS of an older kernel has fewer calls, and a line cut short costs no other", "[host]") {
  SampledHost host({}, CollectorKind::Nfs);
  host.write("proc/net/rpc/nfs", "net 1\n\nrpc 5 x 7\nproc4 2 8 9\nproc5 1 1\n");
  static_cast<void>(host.sample());
  CHECK(host.sample() == Values{{"servers.web01.nfs.net.packets", "0"},
                                {"servers.web01.nfs.rpc.calls", "0"},
                                {"servers.web01.nfs.rpc.authrefrsh", "0"},
                                {"servers.web01.nfs.v4.null", "0"},
                                {"servers.web01.nfs.v4.read", "0"}});
}

TEST_CASE("a machine that mounts nothing has no NFS, and that is told", "[host]") {
  SampledHost host({}, CollectorKind::Nfs);
  CHECK(host.sample().empty());
  CHECK(host.failures().at("nfs").starts_with("/proc/net/rpc/nfs: "));
}

}  // namespace
}  // namespace carbon_spool
