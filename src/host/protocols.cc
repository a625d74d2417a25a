// TCP and UDP: counters that /proc/net has as a line of names above a line of numbers.

#include <algorithm>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

class Protocol final : public Collector {
 public:
  /// `front`: what the two lines begin with; `gauges`: names that are no counters.
  Protocol(const ProtocolOptions& options, std::vector<std::string> files, std::string front,
           std::vector<std::string> gauges)
      : options_(options),
        files_(std::move(files)),
        front_(std::move(front)),
        gauges_(std::move(gauges)) {}

  Result<void> collect(Sample& sample) override {
    Result<void> all = success();
    for (const std::string& file : files_) {
      const auto text = sample.root.read_of_process(file);
      if (text) {
        add_file(text.value(), sample);
      } else {
        all = text.error();
      }
    }
    return all;
  }

 private:
  void add_file(std::string_view text, Sample& sample) const {
    std::vector<std::string_view> names;
    bool done = false;
    for_each_line(text, [&](std::string_view line) {
      if (done || !line.starts_with(front_)) return;
      if (names.empty()) {
        names = fields_of(line);
        return;
      }
      done = true;
      const auto values = fields_of(line);
      for (std::size_t i = 1; i < std::min(names.size(), values.size()); ++i) {
        add_value(names[i], values[i], sample);
      }
    });
  }

  void add_value(std::string_view name, std::string_view text, Sample& sample) const {
    const std::vector<std::string>& allowed = options_.allowed_names;
    if (!allowed.empty() && std::ranges::find(allowed, name) == allowed.end()) return;
    if (std::ranges::find(gauges_, name) != gauges_.end()) {
      if (const auto value = number_of<double>(text)) sample.add(name, *value);
    } else if (const auto counter = number_of<std::uint64_t>(text)) {
      sample.add_per_second(name, *counter);
    }
  }

  const ProtocolOptions options_;
  const std::vector<std::string> files_;
  const std::string front_;
  const std::vector<std::string> gauges_;
};

}  // namespace

CollectorPtr make_tcp(const ProtocolOptions& options) {
  return std::make_unique<Protocol>(options, std::vector<std::string>{"net/netstat", "net/snmp"},
                                    "Tcp", std::vector<std::string>{"CurrEstab", "MaxConn"});
}

CollectorPtr make_udp(const ProtocolOptions& options) {
  return std::make_unique<Protocol>(options, std::vector<std::string>{"net/snmp"}, "Udp",
                                    std::vector<std::string>{});
}

}  // namespace carbon_spool
