#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/statsd/statsd_interval.h"
#include "carbon_spool/statsd/statsd_options.h"

namespace carbon_spool {

/// What is said of a timer at a flush: the statistics of StatsD (`lib/process_metrics.js`), with
/// the same operations in the same order, so that the numbers are equal to the last bit. The only
/// one that is not, because StatsD makes `NaN` of it: docs/statsd.md. Threads: one at a time.
class TimerStatistics {
 public:
  /// Called with `mean_90` or `histogram.bin_5`, and the number.
  using Emit = std::function<void(std::string_view statistic, double value)>;

  explicit TimerStatistics(const StatsdOptions& options);

  /// The timer's values must be in ascending order.
  void emit(const StatsdInterval::Timer& timer, const Emit& emit);

 private:
  /// A statistic's name; empty if it is not wanted.
  using Name = std::string;

  struct Threshold {
    double percent;
    Name count, mean, boundary, sum, sum_squares;
  };
  struct Bin {
    double limit;
    Name name;
  };
  struct Histogram {
    std::string metric;
    std::vector<Bin> bins;
  };

  [[nodiscard]] Name if_wanted(const std::string& name) const;
  [[nodiscard]] Threshold threshold(double percent) const;
  void emit_threshold(const Threshold& threshold, const std::vector<double>& values,
                      const Emit& emit) const;
  void emit_whole(const StatsdInterval::Timer& timer, const Emit& emit) const;
  void emit_histogram(const StatsdInterval::Timer& timer, const Emit& emit) const;

  const std::vector<std::string> wanted_;
  const double seconds_;
  std::vector<Threshold> thresholds_;
  std::vector<Histogram> histograms_;
  Name std_, upper_, lower_, count_, count_ps_, sum_, sum_squares_, mean_, median_;

  // Running totals of the timer at hand.
  std::vector<double> sums_;
  std::vector<double> square_sums_;
};

}  // namespace carbon_spool
