#include "saved_interval.h"

#include <charconv>

#include "carbon_spool/wire/javascript_number.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kVersion = "statsd 1\n";

void add_text(std::string_view text, std::string& to) {
  to += ' ';
  to += std::to_string(text.size());
  to += ':';
  to += text;
}

void add_number(double value, std::string& to) {
  NumberRoom room;
  to += ' ';
  to += javascript_text(value, room);
}

/// Reads field after field of a line; none of what is not as it should be.
class SavedLine {
 public:
  explicit SavedLine(std::string_view& rest) : rest_(rest) {}

  std::optional<std::string_view> text() {
    if (!take(' ')) return std::nullopt;
    std::size_t length = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
    if (failure != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (!take(':') || rest_.size() < length) return std::nullopt;
    const std::string_view found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }

  std::optional<double> number() {
    if (!take(' ')) return std::nullopt;
    const std::string_view text = rest_.substr(0, rest_.find_first_of(" \n"));
    rest_.remove_prefix(text.size());
    // What was NaN is as good as nothing to all that is added to it.
    if (text == "NaN") return 0;
    return text.empty() ? std::nullopt : javascript_number(text);
  }

  /// The last field was read; the line's end is skipped.
  bool at_end() { return take('\n'); }

 private:
  bool take(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view& rest_;
};

bool restore_counter(std::string_view name, SavedLine& line, Aggregates* aggregates) {
  const std::optional<double> value = line.number();
  if (!value || !line.at_end()) return false;
  if (aggregates != nullptr) {
    static_cast<void>(aggregates->take(
        {.name = name, .type = StatsdType::Counter, .text = {}, .number = *value}));
  }
  return true;
}

bool restore_timer(std::string_view name, SavedLine& line, Aggregates* aggregates) {
  const std::optional<double> count = line.number();
  if (!count) return false;
  double weight = *count;  // all of it goes with the first value
  while (!line.at_end()) {
    const std::optional<double> value = line.number();
    if (!value) return false;
    if (aggregates == nullptr) continue;
    static_cast<void>(aggregates->take(
        {.name = name, .type = StatsdType::Timer, .text = {}, .number = *value, .weight = weight}));
    weight = 0;
  }
  return true;
}

bool restore_gauge(std::string_view name, SavedLine& line, Aggregates& aggregates) {
  const std::optional<double> value = line.number();
  const std::optional<double> flushes_left = line.number();
  if (!value || !flushes_left || !line.at_end()) return false;
  const StatsdValue gauge{.name = name, .type = StatsdType::Gauge, .text = {}, .number = *value};
  if (aggregates.take(gauge) != Taken::Yes) return true;
  const bool in_range = *flushes_left >= 0 && *flushes_left <= UINT32_MAX;
  if (in_range) {
    aggregates.gauges().find(name)->flushes_left = static_cast<std::uint32_t>(*flushes_left);
  }
  return true;
}

bool restore_set(std::string_view name, SavedLine& line, Aggregates* aggregates) {
  while (!line.at_end()) {
    const std::optional<std::string_view> member = line.text();
    if (!member) return false;
    if (aggregates == nullptr) continue;
    static_cast<void>(aggregates->take({.name = name, .type = StatsdType::Set, .text = *member}));
  }
  return true;
}

}  // namespace

std::optional<std::string> save_interval(Aggregates& aggregates, std::size_t most_bytes) {
  std::string text(kVersion);
  for (const auto& each : aggregates.counters().all()) {
    if (each.entry.value == 0) continue;
    if (text.size() > most_bytes) return std::nullopt;
    text += 'c';
    add_text(each.name(), text);
    add_number(each.entry.value, text);
    text += '\n';
  }
  for (const auto& each : aggregates.timers().all()) {
    if (each.entry.values.empty()) continue;
    text += 't';
    add_text(each.name(), text);
    add_number(each.entry.count, text);
    for (const double value : each.entry.values) {
      if (text.size() > most_bytes) return std::nullopt;
      add_number(value, text);
    }
    text += '\n';
  }
  for (const auto& each : aggregates.gauges().all()) {
    if (text.size() > most_bytes) return std::nullopt;
    text += 'g';
    add_text(each.name(), text);
    add_number(each.entry.value, text);
    add_number(each.entry.flushes_left, text);
    text += '\n';
  }
  for (const auto& each : aggregates.sets().all()) {
    if (each.entry.members.size() == 0) continue;
    text += 's';
    add_text(each.name(), text);
    for (std::size_t i = 0; i < each.entry.members.size(); ++i) {
      if (text.size() > most_bytes) return std::nullopt;
      add_text(each.entry.members.at(i), text);
    }
    text += '\n';
  }
  if (text.size() > most_bytes) return std::nullopt;
  return text;
}

bool restore_interval(std::string_view saved, bool only_gauges, Aggregates& aggregates) {
  if (!saved.starts_with(kVersion)) return false;
  saved.remove_prefix(kVersion.size());
  Aggregates* const others = only_gauges ? nullptr : &aggregates;
  while (!saved.empty()) {
    const char type = saved.front();
    saved.remove_prefix(1);
    SavedLine line(saved);
    const std::optional<std::string_view> name = line.text();
    if (!name) return false;
    const bool good = type == 'c'   ? restore_counter(*name, line, others)
                      : type == 't' ? restore_timer(*name, line, others)
                      : type == 'g' ? restore_gauge(*name, line, aggregates)
                      : type == 's' ? restore_set(*name, line, others)
                                    : false;
    if (!good) return false;
  }
  return true;
}

}  // namespace carbon_spool
