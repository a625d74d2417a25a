#include <algorithm>
#include <array>
#include <cmath>

#include "byte_units.h"
#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// What is taken unless `detailed` is set.
constexpr std::array<std::string_view, 16> kTaken = {
    "MemTotal",     "MemFree",     "MemAvailable", "Buffers",     "Cached",   "Active",
    "Dirty",        "Inactive",    "Shmem",        "SwapTotal",   "SwapFree", "SwapCached",
    "VmallocTotal", "VmallocUsed", "VmallocChunk", "Committed_AS"};

class Memory final : public Collector {
 public:
  explicit Memory(const MemoryOptions& options) : options_(options) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/meminfo");
    if (!text) return text.error();
    double total = 0;
    std::optional<double> available;
    for_each_line(text.value(), [&](std::string_view line) {
      const auto fields = fields_of(line);
      const auto value = counter_at(fields, 1);
      const auto unit = fields.size() == 3 ? bytes_in(fields[2]) : std::nullopt;
      if (!value || !unit) return;
      std::string_view name = fields[0];
      if (name.ends_with(':')) name.remove_suffix(1);
      const double bytes = static_cast<double>(*value) * *unit;
      if (name == "MemTotal") total = bytes;
      if (name == "MemAvailable") available = bytes;
      if (!options_.detailed && std::ranges::find(kTaken, name) == kTaken.end()) return;
      sample.add(name, in_unit(bytes, options_.byte_unit));
    });
    if (total > 0 && available) {
      // Rounded twice, as there: first to two decimals.
      const double used = std::round(10000 * (total - *available) / total) / 100;
      sample.add("MemUsedPercentage", used);
    }
    return success();
  }

 private:
  const MemoryOptions options_;
};

}  // namespace

CollectorPtr make_memory(const MemoryOptions& options) {
  return std::make_unique<Memory>(options);
}

}  // namespace carbon_spool
