#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// How many processors the machine has; 0: that cannot be told.
int count_cores(const HostRoot& root) {
  const auto text = root.read("/proc/stat");
  if (!text) return 0;
  int cores = 0;
  for_each_line(text.value(), [&](std::string_view line) {
    if (line.starts_with("cpu") && !line.starts_with("cpu ")) ++cores;
  });
  return cores;
}

class Loadavg final : public Collector {
 public:
  explicit Loadavg(bool simple) : simple_(simple) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/loadavg");
    if (!text) return text.error();
    const auto fields = fields_of(text.value());
    if (fields.size() < 4) return Error{"/proc/loadavg: expected four fields"};
    const int cores = count_cores(sample.root);
    add_average(fields[0], simple_ ? "load" : "01", cores, sample);
    if (!simple_) {
      add_average(fields[1], "05", cores, sample);
      add_average(fields[2], "15", cores, sample);
    }
    const std::size_t slash = fields[3].find('/');
    if (slash == std::string_view::npos) return success();
    const auto running = number_of<std::uint32_t>(fields[3].substr(0, slash));
    const auto total = number_of<std::uint32_t>(fields[3].substr(slash + 1));
    if (running) sample.add("processes_running", *running);
    if (total) sample.add("processes_total", *total);
    return success();
  }

 private:
  static void add_average(std::string_view field, const std::string& name, int cores,
                          Sample& sample) {
    const auto average = number_of<double>(field);
    if (!average) return;
    sample.add(name, *average, 2);
    if (cores > 0) sample.add(name + "_normalized", *average / cores, 2);
  }

  const bool simple_;
};

}  // namespace

CollectorPtr make_loadavg(bool simple) {
  return std::make_unique<Loadavg>(simple);
}

}  // namespace carbon_spool
