// Collectors of one line each.

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

class Filestat final : public Collector {
 public:
  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/sys/fs/file-nr");
    if (!text) return text.error();
    for_each_line(text.value(), [&](std::string_view line) {
      const auto fields = fields_of(line);
      const char* const names[] = {"assigned", "unused", "max"};
      for (std::size_t i = 0; i < 3; ++i) {
        const auto value = counter_at(fields, i);
        if (value) sample.add(names[i], static_cast<double>(*value));
      }
    });
    return success();
  }
};

class Uptime final : public Collector {
 public:
  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/uptime");
    if (!text) return text.error();
    const auto fields = fields_of(text.value());
    const auto seconds = fields.empty() ? std::nullopt : number_of<double>(fields[0]);
    if (seconds) sample.add("minutes", *seconds / 60);
    return success();
  }
};

}  // namespace

CollectorPtr make_filestat() {
  return std::make_unique<Filestat>();
}

CollectorPtr make_uptime() {
  return std::make_unique<Uptime>();
}

}  // namespace carbon_spool
