#include <algorithm>
#include <array>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

constexpr std::array<std::string_view, 6> kTaken = {"pgfault", "pgmajfault", "pgpgin",
                                                    "pgpgout", "pswpin",     "pswpout"};

class Vmstat final : public Collector {
 public:
  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/vmstat");
    if (!text) return text.error();
    for_each_line(text.value(), [&](std::string_view line) {
      const auto fields = fields_of(line);
      const auto value = counter_at(fields, 1);
      if (!value || std::ranges::find(kTaken, fields[0]) == kTaken.end()) return;
      sample.add_per_second(fields[0], *value, 2);
    });
    return success();
  }
};

}  // namespace

CollectorPtr make_vmstat() {
  return std::make_unique<Vmstat>();
}

}  // namespace carbon_spool
