#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace carbon_spool {

/// What was collected in one interval, to be flushed. Each type in the order in which its names
/// came first.
///
/// Lifetime: the names are views into the aggregator that filled it, valid until it fills one
/// again.
///           One that is used again gives its memory to the next interval.
struct StatsdInterval {
  struct Counter {
    std::string_view name;
    double value = 0;
  };
  struct Timer {
    std::string_view name;
    double count = 0;            ///< of events: each value's 1 / rate, summed up
    std::vector<double> values;  ///< as they came
  };
  struct Gauge {
    std::string_view name;
    double value = 0;
  };
  struct Set {
    std::string_view name;
    std::uint64_t size = 0;
  };

  std::vector<Counter> counters;
  std::vector<Timer> timers;
  std::vector<Gauge> gauges;
  std::vector<Set> sets;
};

}  // namespace carbon_spool
