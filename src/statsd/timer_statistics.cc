#include "timer_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "carbon_spool/wire/javascript_number.h"

namespace carbon_spool {
namespace {

std::string text_of(double number) {
  NumberRoom room;
  return std::string(javascript_text(number, room));
}

void replace_first(std::string& text, char from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, 1, to);
}

/// The name that a statistic is chosen by: `mean_90` and `mean_top10` by `mean_percent`.
std::string chosen_by(const std::string& name) {
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  if (digits == name.size() || digits == 0) return name;
  const std::string_view front = std::string_view(name).substr(0, digits);
  for (const std::string_view end : {"_top", "_"}) {
    if (front.ends_with(end)) {
      return std::string(front.substr(0, front.size() - end.size())) + "_percent";
    }
  }
  return name;
}

void emit_if_wanted(const std::string& name, double value, const TimerStatistics::Emit& emit) {
  if (!name.empty()) emit(name, value);
}

}  // namespace

TimerStatistics::TimerStatistics(const StatsdOptions& options)
    : wanted_(options.calculated_timer_metrics),
      seconds_(static_cast<double>(options.flush_interval.count()) / 1000),
      std_(if_wanted("std")),
      upper_(if_wanted("upper")),
      lower_(if_wanted("lower")),
      count_(if_wanted("count")),
      count_ps_(if_wanted("count_ps")),
      sum_(if_wanted("sum")),
      sum_squares_(if_wanted("sum_squares")),
      mean_(if_wanted("mean")),
      median_(if_wanted("median")) {
  for (const double percent : options.percent_threshold) {
    const bool known =
        std::ranges::find(thresholds_, percent, &Threshold::percent) != thresholds_.end();
    if (!known) thresholds_.push_back(threshold(percent));
  }
  const bool histogram_wanted = !if_wanted("histogram").empty();
  for (const StatsdHistogram& each : options.histogram) {
    Histogram& histogram = histograms_.emplace_back();
    histogram.metric = each.metric;
    if (!histogram_wanted) continue;
    for (const double limit : each.bins) {
      std::string name = std::isinf(limit) ? "inf" : text_of(limit);
      replace_first(name, '.', "_");
      histogram.bins.push_back({limit, "histogram.bin_" + name});
    }
  }
}

TimerStatistics::Name TimerStatistics::if_wanted(const std::string& name) const {
  const bool wanted =
      wanted_.empty() || std::ranges::find(wanted_, chosen_by(name)) != wanted_.end();
  return wanted ? name : Name();
}

TimerStatistics::Threshold TimerStatistics::threshold(double percent) const {
  std::string suffix = text_of(percent);
  replace_first(suffix, '.', "_");
  replace_first(suffix, '-', "top");
  return {percent,
          if_wanted("count_" + suffix),
          if_wanted("mean_" + suffix),
          if_wanted((percent > 0 ? "upper_" : "lower_") + suffix),
          if_wanted("sum_" + suffix),
          if_wanted("sum_squares_" + suffix)};
}

void TimerStatistics::emit(const StatsdInterval::Timer& timer, const Emit& emit) {
  if (timer.values.empty()) {
    emit_if_wanted(count_ps_, 0, emit);
    emit_if_wanted(count_, 0, emit);
    return;
  }
  sums_.clear();
  square_sums_.clear();
  double sum = 0;
  double square_sum = 0;
  for (const double each : timer.values) {
    sum = each + sum;
    square_sum = each * each + square_sum;
    sums_.push_back(sum);
    square_sums_.push_back(square_sum);
  }
  for (const Threshold& each : thresholds_) emit_threshold(each, timer.values, emit);
  emit_whole(timer, emit);
  emit_histogram(timer, emit);
}

void TimerStatistics::emit_threshold(const Threshold& threshold, const std::vector<double>& values,
                                     const Emit& emit) const {
  const std::size_t all = values.size();
  std::size_t within = all;
  double boundary = values.back();
  double sum = sums_.back();
  double square_sum = square_sums_.back();
  if (all > 1) {
    within = static_cast<std::size_t>(
        javascript_round(std::abs(threshold.percent) / 100 * static_cast<double>(all)));
    if (within == 0) return;
    if (threshold.percent > 0) {
      boundary = values[within - 1];
      sum = sums_[within - 1];
      square_sum = square_sums_[within - 1];
    } else {
      boundary = values[all - within];
      if (within < all) {
        sum -= sums_[all - within - 1];
        square_sum -= square_sums_[all - within - 1];
      }
    }
  }
  emit_if_wanted(threshold.count, static_cast<double>(within), emit);
  emit_if_wanted(threshold.mean, all > 1 ? sum / static_cast<double>(within) : sum, emit);
  emit_if_wanted(threshold.boundary, boundary, emit);
  emit_if_wanted(threshold.sum, sum, emit);
  emit_if_wanted(threshold.sum_squares, square_sum, emit);
}

void TimerStatistics::emit_whole(const StatsdInterval::Timer& timer, const Emit& emit) const {
  const std::vector<double>& values = timer.values;
  const auto count = static_cast<double>(values.size());
  const double mean = sums_.back() / count;
  double sum_of_squared_differences = 0;
  for (const double each : values) sum_of_squared_differences += (each - mean) * (each - mean);
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;

  emit_if_wanted(std_, std::sqrt(sum_of_squared_differences / count), emit);
  emit_if_wanted(upper_, values.back(), emit);
  emit_if_wanted(lower_, values.front(), emit);
  emit_if_wanted(count_, timer.count, emit);
  emit_if_wanted(count_ps_, timer.count / seconds_, emit);
  emit_if_wanted(sum_, sums_.back(), emit);
  emit_if_wanted(sum_squares_, square_sums_.back(), emit);
  emit_if_wanted(mean_, mean, emit);
  emit_if_wanted(median_, median, emit);
}

void TimerStatistics::emit_histogram(const StatsdInterval::Timer& timer, const Emit& emit) const {
  const auto histogram = std::ranges::find_if(histograms_, [&](const Histogram& each) {
    return timer.name.find(each.metric) != std::string_view::npos;
  });
  if (histogram == histograms_.end()) return;
  auto from = timer.values.begin();
  for (const Bin& bin : histogram->bins) {
    const auto to = std::isinf(bin.limit) ? timer.values.end()
                                          : std::lower_bound(from, timer.values.end(), bin.limit);
    emit(bin.name, static_cast<double>(to - from));
    from = to;
  }
}

}  // namespace carbon_spool
