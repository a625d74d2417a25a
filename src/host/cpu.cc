#include <algorithm>
#include <array>
#include <numeric>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// The columns of a line of /proc/stat, as many as the kernel knows (source: proc(5)).
constexpr std::array<std::string_view, 10> kColumns = {
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"};
constexpr std::size_t kIdle = 3;

class Cpu final : public Collector {
 public:
  explicit Cpu(const CpuOptions& options) : options_(options) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/stat");
    if (!text) return text.error();
    std::vector<std::vector<std::string_view>> lines;
    for_each_line(text.value(), [&](std::string_view line) {
      if (line.starts_with("cpu")) lines.push_back(fields_of(line));
    });
    const auto total =
        std::ranges::find_if(lines, [](const auto& each) { return each[0] == "cpu"; });
    if (options_.simple) {
      if (total != lines.end()) add_percent(*total, sample);
      return success();
    }
    const bool has_total = total != lines.end();
    const double cores = static_cast<double>(lines.size() - (has_total ? 1 : 0));
    sample.add("cpu_count", cores, 2);
    for (const auto& each : lines) add_line(each, cores, sample);
    return success();
  }

 private:
  void add_line(const std::vector<std::string_view>& fields, double cores, Sample& sample) const {
    const bool total = fields[0] == "cpu";
    if (!total && !options_.percore) return;
    const double parts = total && options_.normalize && cores > 0 ? cores : 1;
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      const auto jiffies = counter_at(fields, column + 1);
      if (!jiffies) continue;
      const std::string name =
          (total ? "total." : std::string(fields[0]) + ".") + std::string(kColumns[column]);
      if (const auto rate = sample.rates.per_second(name, *jiffies)) {
        sample.add(name, *rate / parts, 2);
      }
    }
  }

  static void add_percent(const std::vector<std::string_view>& fields, Sample& sample) {
    std::array<double, kIdle + 1> grown{};
    bool known = true;
    for (std::size_t column = 0; column <= kIdle; ++column) {
      const auto jiffies = counter_at(fields, column + 1);
      if (!jiffies) return;
      const auto growth = sample.rates.growth(kColumns[column], *jiffies);
      grown[column] = growth.value_or(0);
      known = known && growth;
    }
    if (!known) return;
    const double all = std::accumulate(grown.begin(), grown.end(), 0.0);
    if (all > 0) sample.add("percent", 100 - 100 * grown[kIdle] / all);
  }

  const CpuOptions options_;
};

}  // namespace

CollectorPtr make_cpu(const CpuOptions& options) {
  return std::make_unique<Cpu>(options);
}

}  // namespace carbon_spool
