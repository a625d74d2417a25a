#include <array>
#include <map>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// What of a line is taken, and the name it gets. `TCP` and `TCP6` are added up.
struct Wanted {
  std::string_view line;
  std::string_view field;
  std::string_view name;
};

constexpr std::array kWanted = {
    Wanted{"sockets:", "used", "used"},     Wanted{"TCP:", "inuse", "tcp_inuse"},
    Wanted{"TCP:", "orphan", "tcp_orphan"}, Wanted{"TCP:", "tw", "tcp_tw"},
    Wanted{"TCP:", "alloc", "tcp_alloc"},   Wanted{"TCP:", "mem", "tcp_mem"},
    Wanted{"UDP:", "inuse", "udp_inuse"},   Wanted{"UDP:", "mem", "udp_mem"},
    Wanted{"TCP6:", "inuse", "tcp_inuse"},  Wanted{"UDP6:", "inuse", "udp_inuse"},
};

class Sockets final : public Collector {
 public:
  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read_of_process("net/sockstat");
    if (!text) return text.error();
    std::map<std::string_view, double> sums;
    add_up(text.value(), sums);
    // A machine without IPv6 has none.
    const auto of_six = sample.root.read_of_process("net/sockstat6");
    if (of_six) add_up(of_six.value(), sums);
    for (const auto& [name, sum] : sums) sample.add(name, sum);
    return success();
  }

 private:
  static void add_up(std::string_view text, std::map<std::string_view, double>& sums) {
    for_each_line(text, [&](std::string_view line) {
      const auto fields = fields_of(line);
      for (std::size_t at = 1; at + 1 < fields.size(); at += 2) {
        const auto value = counter_at(fields, at + 1);
        for (const Wanted& each : kWanted) {
          if (!value || each.line != fields[0] || each.field != fields[at]) continue;
          sums[each.name] += static_cast<double>(*value);
        }
      }
    });
  }
};

}  // namespace

CollectorPtr make_sockets() {
  return std::make_unique<Sockets>();
}

}  // namespace carbon_spool
