#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/statsd/statsd_interval.h"
#include "carbon_spool/statsd/statsd_options.h"
#include "carbon_spool/wire/statsd_packet.h"

#include "member_set.h"
#include "name_table.h"

namespace carbon_spool {

struct Counter {
  double value = 0;
};

struct Timer {
  std::vector<double> values;
  double count = 0;
};

struct Gauge {
  double value = 0;
  std::uint32_t flushes_left = 0;  ///< until it is dropped, with delete_gauges; 0: never
};

struct Set {
  MemberSet members;
};

/// Why a value was not taken in.
enum class Taken : std::uint8_t { Yes, TooManyNames, TooMuchMemory };

/// What the open interval has collected so far. What happens to a value, and to what an interval
/// leaves behind, is what statsd 0.9.0 does (`stats.js`). Threads: one at a time.
class Aggregates {
 public:
  explicit Aggregates(const StatsdOptions& options) : options_(options) {}
  Aggregates(const Aggregates&) = delete;
  Aggregates& operator=(const Aggregates&) = delete;

  [[nodiscard]] Taken take(const StatsdValue& value);

  /// Of StatsD itself: no limit holds for it.
  void count(std::string_view name, double amount);
  void set_gauge(std::string_view name, double value);

  /// Hands the interval over and begins the next one. `interval` must be the one of the last call,
  /// with which everybody is done, or a fresh one.
  void close_interval(StatsdInterval& interval);

  [[nodiscard]] NameTable<Counter>& counters() { return counters_; }
  [[nodiscard]] NameTable<Timer>& timers() { return timers_; }
  [[nodiscard]] NameTable<Gauge>& gauges() { return gauges_; }
  [[nodiscard]] NameTable<Set>& sets() { return sets_; }

  /// Removes the names for which `is_it(name)` holds.
  template <class Entry, class IsIt>
  void remove_if(NameTable<Entry>& table, IsIt&& is_it) {
    table.remove_if([&](const auto& named) { return is_it(named.name()); },
                    [this](const auto& named) { removed_bytes_ += cost_of(named.name()); });
  }

 private:
  /// The entry of that name; a new one if there is room for it.
  template <class Entry>
  [[nodiscard]] Entry* entry(NameTable<Entry>& table, std::string_view name, Taken& taken);
  [[nodiscard]] bool charge(std::size_t bytes);
  [[nodiscard]] static std::size_t cost_of(std::string_view name);

  void close_counters(StatsdInterval& interval);
  void close_timers(StatsdInterval& interval);
  void close_gauges(StatsdInterval& interval);
  void close_sets(StatsdInterval& interval);

  const StatsdOptions& options_;
  const SeededHash hash_;
  NameTable<Counter> counters_{hash_};
  NameTable<Timer> timers_{hash_};
  NameTable<Gauge> gauges_{hash_};
  NameTable<Set> sets_{hash_};
  std::size_t name_bytes_ = 0;     ///< what names take, those of removed ones included
  std::size_t removed_bytes_ = 0;  ///< of them what the removed ones take
  std::size_t value_bytes_ = 0;    ///< what timers' values and sets' members take
};

}  // namespace carbon_spool
