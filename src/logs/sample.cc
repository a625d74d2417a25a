#include "sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "log_number.h"

namespace carbon_spool {

double mean_of(const Sample& sample) {
  return std::accumulate(sample.begin(), sample.end(), 0.0) / static_cast<double>(sample.size());
}

double percentile_of(const Sample& sorted, double percent) {
  const double position = percent / 100 * static_cast<double>(sorted.size() - 1);
  const double whole = std::floor(position);
  const auto left = static_cast<std::size_t>(whole);
  if (left + 1 >= sorted.size()) return sorted.back();
  return sorted[left] + (sorted[left + 1] - sorted[left]) * (position - whole);
}

std::string percentile_name(double percent) {
  std::string text = python_text(percent);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  std::ranges::replace(text, '.', '_');
  return text + "th_percentile";
}

void save_sample(const Sample& sample, SavedWriter& to) {
  to.whole(sample.size());
  for (const double value : sample) to.number(value);
}

Sample restore_sample(SavedReader& from) {
  Sample sample;
  for (std::uint64_t left = from.count(); left > 0; --left) sample.push_back(from.number());
  return sample;
}

}  // namespace carbon_spool
