#include "carbon_spool/host/host_options.h"

namespace carbon_spool {
namespace {

/// By kind: the name, and what stands before the names that are made.
struct About {
  std::string_view name;
  std::string_view path;
};

constexpr std::array<About, kCollectorKinds> kAbout = {{{"cpu", "cpu"},
                                                        {"diskspace", "diskspace"},
                                                        {"files", "."},
                                                        {"filestat", "files"},
                                                        {"iostat", "iostat"},
                                                        {"loadavg", "loadavg"},
                                                        {"memory", "memory"},
                                                        {"mountstats", "mountstats"},
                                                        {"network", "network"},
                                                        {"nfs", "nfs"},
                                                        {"sockets", "sockets"},
                                                        {"tcp", "tcp"},
                                                        {"udp", "udp"},
                                                        {"uptime", "uptime"},
                                                        {"vmstat", "vmstat"}}};

}  // namespace

std::string_view name_of(CollectorKind kind) {
  return kAbout[static_cast<std::size_t>(kind)].name;
}

std::optional<CollectorKind> collector_named(std::string_view name) {
  for (std::size_t i = 0; i < kAbout.size(); ++i) {
    if (kAbout[i].name == name) return static_cast<CollectorKind>(i);
  }
  return std::nullopt;
}

HostOptions::HostOptions() {
  using enum CollectorKind;
  collectors = {Cpu, Diskspace, Iostat, Loadavg, Memory, Mountstats, Network, Sockets, Vmstat};
  for (std::size_t i = 0; i < kAbout.size(); ++i) common[i].path = kAbout[i].path;
  tcp.allowed_names = {"ListenOverflows",   "ListenDrops",
                       "TCPLoss",           "TCPTimeouts",
                       "TCPFastRetrans",    "TCPLostRetransmit",
                       "TCPForwardRetrans", "TCPSlowStartRetrans",
                       "CurrEstab",         "TCPAbortOnMemory",
                       "TCPBacklogDrop",    "AttemptFails",
                       "EstabResets",       "InErrs",
                       "ActiveOpens",       "PassiveOpens"};
  udp.allowed_names = {"InDatagrams",  "NoPorts",      "InErrors",
                       "OutDatagrams", "RcvbufErrors", "SndbufErrors"};
}

}  // namespace carbon_spool
