#include <algorithm>
#include <array>

#include "byte_units.h"
#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// The columns of /proc/net/dev. Those that end in `_` count bytes, in each unit.
constexpr std::array<std::string_view, 16> kColumns = {
    "rx_",           "rx_packets",   "rx_errors",  "rx_drop",      "rx_fifo",   "rx_frame",
    "rx_compressed", "rx_multicast", "tx_",        "tx_packets",   "tx_errors", "tx_drop",
    "tx_fifo",       "tx_colls",     "tx_carrier", "tx_compressed"};

class Network final : public Collector {
 public:
  explicit Network(const NetworkOptions& options) : options_(options) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read_of_process("net/dev");
    if (!text) return text.error();
    for_each_line(text.value(), [&](std::string_view line) {
      // A name may have a colon in it, and a blank may be missing behind the last.
      const std::size_t colon = line.rfind(':');
      if (colon == std::string_view::npos) return;
      const auto name = fields_of(line.substr(0, colon));
      if (name.size() != 1 || !is_wanted(name[0])) return;
      add_interface(std::string(name[0]), fields_of(line.substr(colon + 1)), sample);
    });
    return success();
  }

 private:
  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return std::ranges::any_of(options_.interfaces, [&](const std::string& each) {
      return options_.greedy ? name.starts_with(each) : name == each;
    });
  }

  void add_interface(const std::string& interface, const std::vector<std::string_view>& fields,
                     Sample& sample) const {
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      const auto value = counter_at(fields, column);
      if (!value) continue;
      const std::string name = interface + "." + std::string(kColumns[column]);
      if (!name.ends_with('_')) {
        sample.add_per_second(name, *value);
        continue;
      }
      const auto bytes = sample.rates.per_second(name, *value);
      if (!bytes) continue;
      for (const std::string& unit : options_.byte_unit) {
        sample.add(name + unit, in_unit(*bytes, unit), 2);
      }
    }
  }

  const NetworkOptions options_;
};

}  // namespace

CollectorPtr make_network(const NetworkOptions& options) {
  return std::make_unique<Network>(options);
}

}  // namespace carbon_spool
