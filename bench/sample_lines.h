#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace carbon_spool {

// What a site of 500 hosts with 16 series each sends: lines of about 57 bytes.

inline constexpr unsigned kSampleHosts = 500;
inline constexpr std::array<const char*, 16> kSampleSeries = {
    "cpu.total.user",     "cpu.total.system",    "cpu.total.idle",      "cpu.total.iowait",
    "loadavg.01",         "loadavg.05",          "memory.MemFree",      "memory.Cached",
    "network.eth0.rx_kb", "network.eth0.tx_kb",  "disk.sda.reads",      "disk.sda.writes",
    "df.root.byte_free",  "process.total.count", "tcp.established.now", "vmstat.pgfault.rate"};
inline constexpr unsigned kSampleLines = kSampleHosts * kSampleSeries.size();

/// The path of sample series `index`, of any number.
inline std::string sample_path(unsigned index) {
  char host[40];
  std::snprintf(host, sizeof host, "servers.dc1.web-%04u.", index / 16);
  return host + std::string(kSampleSeries[index % 16]);
}

/// A value of sample series `index` that drifts with `round`.
inline std::string sample_value(unsigned index, unsigned round) {
  char value[40];
  const double base = (index * 7919u) % 100'000u;
  std::snprintf(value, sizeof value, "%.*f", static_cast<int>(index % 4), base + 0.37 * round);
  return value;
}

}  // namespace carbon_spool
