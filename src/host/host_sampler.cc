#include "carbon_spool/host/host_sampler.h"

#include <charconv>
#include <utility>

#include "collector.h"
#include "expressions.h"

namespace carbon_spool {
namespace {

CollectorPtr make_collector(CollectorKind kind, const HostOptions& options) {
  switch (kind) {
    case CollectorKind::Cpu:
      return make_cpu(options.cpu);
    case CollectorKind::Diskspace:
      return make_diskspace(options.diskspace);
    case CollectorKind::Files:
      return make_files(options.files);
    case CollectorKind::Filestat:
      return make_filestat();
    case CollectorKind::Iostat:
      return make_iostat(options.iostat);
    case CollectorKind::Loadavg:
      return make_loadavg(options.simple_loadavg);
    case CollectorKind::Memory:
      return make_memory(options.memory);
    case CollectorKind::Mountstats:
      return make_mountstats(options.mountstats);
    case CollectorKind::Network:
      return make_network(options.network);
    case CollectorKind::Nfs:
      return make_nfs();
    case CollectorKind::Sockets:
      return make_sockets();
    case CollectorKind::Tcp:
      return make_tcp(options.tcp);
    case CollectorKind::Udp:
      return make_udp(options.udp);
    case CollectorKind::Uptime:
      return make_uptime();
    case CollectorKind::Vmstat:
      break;
  }
  return make_vmstat();
}

/// Writes lines whose names begin the same.
class LineWriter {
 public:
  LineWriter(UnixSeconds timestamp, const HostSampler::TakeLine& take)
      : end_(" " + std::to_string(timestamp) + "\n"), take_(take) {}

  void write(std::string_view front, std::string_view name, double value, int decimals) {
    // No finite double has more in front of its point.
    std::array<char, 400> number{};
    const auto [end, failure] = std::to_chars(number.data(), number.data() + number.size(), value,
                                              std::chars_format::fixed, decimals);
    if (failure != std::errc()) return;
    line_.assign(front).append(name).append(" ").append(number.data(), end).append(end_);
    take_(line_);
  }

 private:
  const std::string end_;
  const HostSampler::TakeLine& take_;
  std::string line_;
};

void append_element(std::string& path, std::string_view element) {
  if (!element.empty()) path.append(element).append(".");
}

}  // namespace

struct HostSampler::Running {
  Running(CollectorKind which, const HostOptions& options)
      : kind(which),
        path(options.of(which).path == "." ? "" : options.of(which).path),
        allow(options.of(which).allow),
        deny(options.of(which).deny),
        collector(make_collector(which, options)) {}

  [[nodiscard]] bool wants(std::string_view name) const {
    return (allow.empty() || allow.match_start_of(name)) && !deny.match_start_of(name);
  }

  const CollectorKind kind;
  const std::string path;
  const Expressions allow;
  const Expressions deny;
  const CollectorPtr collector;
  Rates rates;
};

HostSampler::HostSampler(const HostOptions& options, MonotonicClock now)
    : options_(options), now_(std::move(now)) {
  for (const CollectorKind each : options_.collectors) {
    running_.push_back(std::make_unique<Running>(each, options_));
  }
}

HostSampler::~HostSampler() = default;

void HostSampler::sample(std::string_view hostname, UnixSeconds timestamp, const TakeLine& take) {
  failures_.clear();
  const HostRoot root(options_.root);
  LineWriter writer(timestamp, take);
  for (const auto& each : running_) {
    std::string front;
    append_element(front, options_.prefix);
    append_element(front, hostname);
    append_element(front, options_.suffix);
    append_element(front, each->path);
    const Sample::Take add = [&](std::string_view name, double value, int decimals) {
      if (each->wants(name)) writer.write(front, name, value, decimals);
    };
    each->rates.begin(now_());
    Sample sample(root, each->rates, add);
    const auto done = each->collector->collect(sample);
    if (!done) failures_[std::string(name_of(each->kind))] = done.error().message;
  }
}

}  // namespace carbon_spool
