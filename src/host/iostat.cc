#include <array>

#include "byte_units.h"
#include "collector.h"
#include "expressions.h"
#include "fields.h"

namespace carbon_spool {
namespace {

constexpr double kSectorBytes = 512;  // whatever the device's own sectors are (iostats.txt)

/// Columns of /proc/diskstats behind the device's name (source: the kernel's iostats.txt).
enum Column : std::size_t {
  Reads,
  ReadsMerged,
  ReadSectors,
  ReadMilliseconds,
  Writes,
  WritesMerged,
  WrittenSectors,
  WriteMilliseconds,
  InProgress,
  IoMilliseconds,
  WeightedMilliseconds,
  Columns
};

constexpr std::array<std::string_view, Columns> kNames = {"reads",
                                                          "reads_merged",
                                                          "reads_",
                                                          "reads_milliseconds",
                                                          "writes",
                                                          "writes_merged",
                                                          "writes_",
                                                          "writes_milliseconds",
                                                          "io_in_progress",
                                                          "io_milliseconds",
                                                          "io_milliseconds_weighted"};

/// By how much each column has grown; of `InProgress` the value itself.
using Growth = std::array<double, Columns>;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

class Iostat final : public Collector {
 public:
  explicit Iostat(const IostatOptions& options) : options_(options), devices_({options.devices}) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read("/proc/diskstats");
    if (!text) return text.error();
    for_each_line(text.value(), [&](std::string_view line) {
      const auto fields = fields_of(line);
      if (fields.size() < 14) return;  // partitions of old kernels
      const std::string_view device = fields[2];
      if (device.starts_with("ram") || device.starts_with("loop")) return;
      if (!devices_.match_start_of(device)) return;
      const auto grown = growth_of(fields, sample.rates);
      if (!grown) return;
      const double requests = (*grown)[Reads] + (*grown)[Writes];
      if (requests > 0 || options_.send_zero) add_device(device, *grown, sample);
    });
    return success();
  }

 private:
  /// None: the first sample, or the device is another one since.
  static std::optional<Growth> growth_of(const std::vector<std::string_view>& fields,
                                         Rates& rates) {
    Growth grown{};
    bool all = true;
    for (std::size_t column = 0; column < Columns; ++column) {
      const auto value = counter_at(fields, column + 3);
      if (!value) return std::nullopt;
      if (column == InProgress) {
        grown[column] = static_cast<double>(*value);
        continue;
      }
      const std::string name = std::string(fields[2]) + "." + std::string(kNames[column]);
      // Whatever the machine, the kernel writes milliseconds as 32 bits.
      const bool narrow = kNames[column].find("milliseconds") != std::string_view::npos;
      const auto growth =
          rates.growth(name, *value, narrow ? CounterWidth::Bits32 : CounterWidth::Bits64);
      grown[column] = growth.value_or(0);
      all = all && growth;
    }
    if (!all) return std::nullopt;
    return grown;
  }

  void add_device(std::string_view device, const Growth& grown, Sample& sample) const {
    std::string front(device);
    for (char& each : front) {
      if (each == '/') each = '_';
    }
    front += '.';
    const auto add = [&](const std::string& name, double value) {
      sample.add(front + name, value, 3);
    };
    for (std::size_t column = 0; column < Columns; ++column) {
      if (!kNames[column].ends_with('_')) add(std::string(kNames[column]), grown[column]);
    }
    const double seconds = sample.rates.seconds();
    const double requests = grown[Reads] + grown[Writes];
    for (const std::string& unit : options_.byte_unit) {
      const double read = in_unit(grown[ReadSectors] * kSectorBytes, unit);
      const double written = in_unit(grown[WrittenSectors] * kSectorBytes, unit);
      add("reads_" + unit, read);
      add("writes_" + unit, written);
      add("read_" + unit + "_per_second", read / seconds);
      add("write_" + unit + "_per_second", written / seconds);
      add("average_request_size_" + unit, ratio(read + written, requests));
    }
    const double service_time = ratio(grown[IoMilliseconds], requests);
    const double milliseconds = grown[ReadMilliseconds] + grown[WriteMilliseconds];
    add("read_requests_merged_per_second", grown[ReadsMerged] / seconds);
    add("write_requests_merged_per_second", grown[WritesMerged] / seconds);
    add("reads_per_second", grown[Reads] / seconds);
    add("writes_per_second", grown[Writes] / seconds);
    add("io", requests);
    add("iops", requests / seconds);
    add("average_queue_length", grown[WeightedMilliseconds] / seconds / 1000);
    add("util_percentage", grown[IoMilliseconds] / seconds / 10);
    add("read_await", ratio(grown[ReadMilliseconds], grown[Reads]));
    add("write_await", ratio(grown[WriteMilliseconds], grown[Writes]));
    add("await", ratio(milliseconds, requests));
    add("service_time", service_time);
    add("concurrent_io", requests / seconds * service_time / 1000);
  }

  const IostatOptions options_;
  const Expressions devices_;
};

}  // namespace

CollectorPtr make_iostat(const IostatOptions& options) {
  return std::make_unique<Iostat>(options);
}

}  // namespace carbon_spool
