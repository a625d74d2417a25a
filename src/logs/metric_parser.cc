#include "metric_parser.h"

#include <algorithm>
#include <map>
#include <utility>

#include <re2/re2.h>

#include "counting_parser.h"
#include "log_number.h"
#include "name_part.h"
#include "sample.h"
#include "saved_fields.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kKind = "metric 1";

class MetricParser final : public CountingParser {
 public:
  explicit MetricParser(std::vector<double> percentiles) : percentiles_(std::move(percentiles)) {}

  void flush(Milliseconds duration, std::int64_t /*now*/, LogPoints& points) override {
    // Counts of an interval without length are the next one's; times have no use for a length.
    if (duration > Milliseconds(0)) {
      for (const auto& [name, sum] : sums_) {
        points.add(name, python_text(sum / seconds_of(duration)));
      }
      sums_.clear();
    }
    for (auto& [name, times] : times_) {
      points.add(name + ".mean", python_text(mean_of(times)));
      std::ranges::sort(times);
      points.add(name + ".median", python_text(percentile_of(times, 50)));
      for (const double percent : percentiles_) {
        points.add(name + "." + percentile_name(percent),
                   python_text(percentile_of(times, percent)));
      }
    }
    times_.clear();
    kept_ = 0;
  }

  [[nodiscard]] std::string save() const override {
    SavedWriter writer(kKind);
    writer.whole(sums_.size());
    for (const auto& [name, sum] : sums_) {
      writer.text(name);
      writer.number(sum);
    }
    writer.whole(times_.size());
    for (const auto& [name, times] : times_) {
      writer.text(name);
      save_sample(times, writer);
    }
    return writer.take();
  }

  [[nodiscard]] Result<void> restore(std::string_view saved) override {
    clear();
    SavedReader reader(kKind, saved);
    for (std::uint64_t left = reader.count(); left > 0; --left) {
      const std::string_view name = reader.text();
      sums_[std::string(name)] = reader.number();
    }
    for (std::uint64_t left = reader.count(); left > 0; --left) {
      const std::string_view name = reader.text();
      Sample times = restore_sample(reader);
      if (times.empty()) continue;
      kept_ += times.size();
      times_[std::string(name)] = std::move(times);
    }
    Result<void> finished = reader.finish();
    if (!finished) clear();
    return finished;
  }

 protected:
  [[nodiscard]] Reading read(std::string_view /*file*/, std::string_view line,
                             std::int64_t /*now*/) override {
    Reading whole_line = Reading::PassedBy;
    re2::StringPiece rest(line.data(), line.size());
    re2::StringPiece kind;
    re2::StringPiece name;
    re2::StringPiece value;
    while (RE2::FindAndConsume(&rest, metric_, &kind, &name, &value)) {
      const auto number = number_in({value.data(), value.size()});
      if (!number || name.size() > kLongestLogName) return Reading::Bad;
      const std::string key(name.data(), name.size());
      const bool taken = kind == "COUNT" ? add_count(key, *number) : add_time(key, *number);
      if (!taken) return Reading::Bad;
      whole_line = Reading::Taken;
    }
    return whole_line;
  }

 private:
  // False: there is no room for it.
  bool add_count(const std::string& name, double value) {
    if (sums_.size() >= kMostLogNames && !sums_.contains(name)) return false;
    sums_[name] += value;
    return true;
  }

  bool add_time(const std::string& name, double value) {
    if (times_.size() >= kMostLogNames && !times_.contains(name)) return false;
    if (kept_ >= kMostSampleValues) return false;
    times_[name].push_back(value);
    ++kept_;
    return true;
  }

  void clear() {
    sums_.clear();
    times_.clear();
    kept_ = 0;
  }

  const std::vector<double> percentiles_;
  const RE2 metric_{R"(METRIC_(COUNT|TIME)\smetric=(\S+)\s+value=([0-9.]+))", RE2::Latin1};
  std::map<std::string, double> sums_;
  std::map<std::string, Sample> times_;
  std::size_t kept_ = 0;  ///< values in `times_`
};

}  // namespace

std::unique_ptr<LogParser> make_metric_parser(std::vector<double> percentiles) {
  return std::make_unique<MetricParser>(std::move(percentiles));
}

}  // namespace carbon_spool
