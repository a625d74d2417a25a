#include "aggregates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace carbon_spool {
namespace {

/// About what an entry takes beside the bytes of its name: itself, its places in tables at most
/// half full, twice over while they grow, and the allocator's share.
constexpr std::size_t kEntryBytes = 240;
/// A value of a timer, in a vector that may be half empty.
constexpr std::size_t kTimerValueBytes = 2 * sizeof(double);
/// A set's member beside its own bytes.
constexpr std::size_t kMemberBytes = 64;

/// JavaScript's `!value`: what StatsD takes for "not there yet".
bool is_falsy(double value) {
  return value == 0 || std::isnan(value);
}

/// Counters that `delete_counters` spares: whatever has one of these in its name.
bool is_self_counter(std::string_view name) {
  constexpr std::array<std::string_view, 3> kSpared = {"packets_received", "metrics_received",
                                                       "bad_lines_seen"};
  return std::ranges::any_of(
      kSpared, [&](std::string_view each) { return name.find(each) != std::string_view::npos; });
}

void add_to(Counter& counter, double amount) {
  counter.value = is_falsy(counter.value) ? 0 + amount : counter.value + amount;
}

void change(Gauge& gauge, const StatsdValue& value, GaugeMinus minus) {
  const bool sets = minus == GaugeMinus::Set && value.text.starts_with('-');
  if (value.has_sign() && !sets && !is_falsy(gauge.value)) {
    gauge.value += value.number;
  } else {
    gauge.value = value.number;
  }
}

/// Buffers that one busy interval has made large are not kept for ever.
void forget_values(std::vector<double>& values, std::size_t wanted) {
  constexpr std::size_t kSmall = 64;
  if (values.capacity() > kSmall && values.capacity() / 4 > wanted) {
    values = {};
  } else {
    values.clear();
  }
}

}  // namespace

std::size_t Aggregates::cost_of(std::string_view name) {
  return name.size() + kEntryBytes;
}

bool Aggregates::charge(std::size_t bytes) {
  return name_bytes_ + value_bytes_ + bytes <= options_.max_memory;
}

template <class Entry>
Entry* Aggregates::entry(NameTable<Entry>& table, std::string_view name, Taken& taken) {
  if (Entry* const known = table.find(name)) return known;
  if (table.size() >= options_.max_names) {
    taken = Taken::TooManyNames;
    return nullptr;
  }
  if (!charge(cost_of(name))) {
    taken = Taken::TooMuchMemory;
    return nullptr;
  }
  name_bytes_ += cost_of(name);
  return &table.insert(name);
}

Taken Aggregates::take(const StatsdValue& value) {
  Taken taken = Taken::Yes;
  switch (value.type) {
    case StatsdType::Counter:
      if (Counter* const counter = entry(counters_, value.name, taken)) {
        add_to(*counter, value.number * value.weight);
      }
      break;
    case StatsdType::Timer: {
      if (!charge(kTimerValueBytes)) return Taken::TooMuchMemory;
      Timer* const timer = entry(timers_, value.name, taken);
      if (timer == nullptr) break;
      value_bytes_ += kTimerValueBytes;
      timer->values.push_back(value.number);
      timer->count += value.weight;
      break;
    }
    case StatsdType::Gauge:
      if (Gauge* const gauge = entry(gauges_, value.name, taken)) {
        change(*gauge, value, options_.gauge_minus);
        if (options_.delete_gauges) gauge->flushes_left = options_.gauges_max_ttl;
      }
      break;
    case StatsdType::Set: {
      const std::size_t bytes = value.text.size() + kMemberBytes;
      if (!charge(bytes)) return Taken::TooMuchMemory;
      Set* const set = entry(sets_, value.name, taken);
      if (set != nullptr && set->members.insert(value.text, hash_)) value_bytes_ += bytes;
      break;
    }
  }
  return taken;
}

void Aggregates::count(std::string_view name, double amount) {
  Counter* counter = counters_.find(name);
  if (counter == nullptr) {
    counter = &counters_.insert(name);
    name_bytes_ += cost_of(name);
  }
  counter->value += amount;
}

void Aggregates::set_gauge(std::string_view name, double value) {
  Gauge* gauge = gauges_.find(name);
  if (gauge == nullptr) {
    gauge = &gauges_.insert(name);
    name_bytes_ += cost_of(name);
  }
  gauge->value = value;
}

void Aggregates::close_interval(StatsdInterval& interval) {
  counters_.forget_removed();
  timers_.forget_removed();
  gauges_.forget_removed();
  sets_.forget_removed();
  name_bytes_ -= std::exchange(removed_bytes_, 0);
  close_counters(interval);
  close_timers(interval);
  close_gauges(interval);
  close_sets(interval);
  value_bytes_ = 0;
}

void Aggregates::close_counters(StatsdInterval& interval) {
  interval.counters.clear();
  for (auto& each : counters_.all()) {
    interval.counters.push_back({each.name(), std::exchange(each.entry.value, 0)});
  }
  if (!options_.delete_counters) return;
  remove_if(counters_, [](std::string_view name) { return !is_self_counter(name); });
}

void Aggregates::close_timers(StatsdInterval& interval) {
  interval.timers.resize(timers_.size());
  auto to = interval.timers.begin();
  for (auto& each : timers_.all()) {
    Timer& timer = each.entry;
    to->name = each.name();
    to->count = std::exchange(timer.count, 0);
    forget_values(to->values, timer.values.size());
    to->values.swap(timer.values);
    ++to;
  }
  if (options_.delete_timers) remove_if(timers_, [](std::string_view) { return true; });
}

void Aggregates::close_gauges(StatsdInterval& interval) {
  interval.gauges.clear();
  for (const auto& each : gauges_.all()) {
    interval.gauges.push_back({each.name(), each.entry.value});
  }
  if (!options_.delete_gauges) return;
  gauges_.remove_if(
      [](auto& named) {
        std::uint32_t& left = named.entry.flushes_left;
        return left > 0 && --left == 0;
      },
      [this](const auto& named) { removed_bytes_ += cost_of(named.name()); });
}

void Aggregates::close_sets(StatsdInterval& interval) {
  interval.sets.clear();
  for (auto& each : sets_.all()) {
    interval.sets.push_back({each.name(), each.entry.members.size()});
    each.entry.members.clear();
  }
  if (options_.delete_sets) remove_if(sets_, [](std::string_view) { return true; });
}

}  // namespace carbon_spool
