#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "saved_fields.h"

namespace carbon_spool {

/// Values that a parser keeps of one interval, of all its names together: what is beyond is bad.
inline constexpr std::size_t kMostSampleValues = 1'000'000;
/// Names of one interval.
inline constexpr std::size_t kMostLogNames = 10'000;

/// Values of one name in an interval, in order of arrival until they are sorted.
using Sample = std::vector<double>;

/// Arithmetic mean. Of a sample that is not empty, as are the others here.
[[nodiscard]] double mean_of(const Sample& sample);

/// Linear between the neighbours of position `percent / 100 * (n - 1)`. `percent`: 0 to 100.
[[nodiscard]] double percentile_of(const Sample& sorted, double percent);

/// `90th_percentile`, `99_9th_percentile`: a dot would begin another element of the path.
[[nodiscard]] std::string percentile_name(double percent);

void save_sample(const Sample& sample, SavedWriter& to);
[[nodiscard]] Sample restore_sample(SavedReader& from);

}  // namespace carbon_spool
