#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"
#include "carbon_spool/host/host_options.h"

#include "host_root.h"
#include "rates.h"

namespace carbon_spool {

/// One sample of one collector: where it reads, and where it puts what it found.
class Sample {
 public:
  using Take = std::function<void(std::string_view name, double value, int decimals)>;

  Sample(const HostRoot& from, Rates& counters, const Take& take)
      : root(from), rates(counters), take_(take) {}

  /// A point, written with that many decimals.
  void add(std::string_view name, double value, int decimals = 0) { take_(name, value, decimals); }

  /// A point of a counter's growth per second, if there is one.
  void add_per_second(std::string_view name, std::uint64_t counter, int decimals = 0) {
    if (const auto rate = rates.per_second(name, counter)) add(name, *rate, decimals);
  }

  const HostRoot& root;
  Rates& rates;

 private:
  const Take& take_;
};

/// Finds out one kind of thing about the machine. Names and values are Diamond's.
class Collector {
 public:
  virtual ~Collector() = default;
  /// Fails, naming the file, if that cannot be read; what could be found is added all the same.
  [[nodiscard]] virtual Result<void> collect(Sample& sample) = 0;
};

using CollectorPtr = std::unique_ptr<Collector>;

// Each in a file of its own. Expressions among the options are sound.
[[nodiscard]] CollectorPtr make_cpu(const CpuOptions& options);
[[nodiscard]] CollectorPtr make_diskspace(const DiskspaceOptions& options);
[[nodiscard]] CollectorPtr make_files(const FilesOptions& options);
[[nodiscard]] CollectorPtr make_filestat();
[[nodiscard]] CollectorPtr make_iostat(const IostatOptions& options);
[[nodiscard]] CollectorPtr make_loadavg(bool simple);
[[nodiscard]] CollectorPtr make_memory(const MemoryOptions& options);
[[nodiscard]] CollectorPtr make_mountstats(const MountstatsOptions& options);
[[nodiscard]] CollectorPtr make_network(const NetworkOptions& options);
[[nodiscard]] CollectorPtr make_nfs();
[[nodiscard]] CollectorPtr make_sockets();
[[nodiscard]] CollectorPtr make_tcp(const ProtocolOptions& options);
[[nodiscard]] CollectorPtr make_udp(const ProtocolOptions& options);
[[nodiscard]] CollectorPtr make_uptime();
[[nodiscard]] CollectorPtr make_vmstat();

}  // namespace carbon_spool
