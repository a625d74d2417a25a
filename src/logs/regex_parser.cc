#include "regex_parser.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/wire/javascript_number.h"

#include "counting_parser.h"
#include "log_number.h"
#include "name_part.h"
#include "recent_names.h"
#include "regex_matcher.h"
#include "sample.h"
#include "saved_fields.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kKind = "regex 1";

std::string text_of(double number) {
  NumberRoom room;
  return std::string(javascript_text(number, room));
}

/// What a name of a metric has come to in the interval.
struct Tally {
  double number = 0;   ///< counters and rates: sum; gauges: last value
  bool given = false;  ///< in this interval
  Sample sample;       ///< timers
};

/// One of a person's metrics, with all names that it has made.
struct Metric {
  RegexMetric options;
  RegexMatcher matcher;
  RecentNames<Tally> tallies{kMostLogNames};
};

class RegexParser final : public CountingParser {
 public:
  explicit RegexParser(std::vector<Metric> metrics) : metrics_(std::move(metrics)) {}

  void flush(Milliseconds duration, std::int64_t /*now*/, LogPoints& points) override {
    for (Metric& metric : metrics_) {
      for (auto& [name, entry] : metric.tallies.all()) {
        flush_one(metric.options, name, duration, entry.value, points);
      }
      metric.tallies.next_interval();
    }
    kept_ = 0;
  }

  [[nodiscard]] std::string save() const override {
    SavedWriter writer(kKind);
    writer.whole(metrics_.size());
    for (const Metric& metric : metrics_) {
      // What was made of other expressions or names is not this one's.
      writer.text(identity_of(metric.options));
      metric.tallies.save(writer, [&writer](const Tally& tally) {
        writer.number(tally.number);
        writer.whole(tally.given ? 1 : 0);
        save_sample(tally.sample, writer);
      });
    }
    return writer.take();
  }

  [[nodiscard]] Result<void> restore(std::string_view saved) override {
    clear();
    SavedReader reader(kKind, saved);
    for (std::uint64_t left = reader.count(); left > 0; --left) restore_metric(reader);
    Result<void> finished = reader.finish();
    if (!finished) clear();
    return finished;
  }

 protected:
  [[nodiscard]] Reading read(std::string_view /*file*/, std::string_view line,
                             std::int64_t /*now*/) override {
    Reading whole_line = Reading::PassedBy;
    for (Metric& metric : metrics_) {
      const auto found = metric.matcher.find(line);
      if (!found) continue;
      const bool taken = add(metric, *found);
      if (!taken) whole_line = Reading::Bad;
      if (whole_line == Reading::PassedBy) whole_line = Reading::Taken;
    }
    return whole_line;
  }

 private:
  static std::string identity_of(const RegexMetric& options) {
    return std::to_string(static_cast<int>(options.kind)) + " " + options.name + " " +
           options.value + " " + options.match;
  }

  /// False: the value is no number, or there is no room for it.
  bool add(Metric& metric, const RegexMatcher::Found& found) {
    const auto value = metric.matcher.counts_lines() ? 1.0 : number_in(found.value);
    const bool is_timer = metric.options.kind == RegexMetric::Kind::Timer;
    if (!value || found.name.size() > kLongestLogName) return false;
    if (is_timer && kept_ >= kMostSampleValues) return false;
    Tally* const tally = metric.tallies.mention(found.name);
    if (tally == nullptr) return false;
    tally->given = true;
    if (is_timer) {
      tally->sample.push_back(*value);
      ++kept_;
    } else {
      const bool sums = metric.options.kind != RegexMetric::Kind::Gauge;
      tally->number = sums ? tally->number + *value : *value;
    }
    return true;
  }

  static void flush_one(const RegexMetric& options, const std::string& name, Milliseconds duration,
                        Tally& tally, LogPoints& points) {
    using enum RegexMetric::Kind;
    switch (options.kind) {
      case Counter:
        points.add(name, text_of(tally.number));
        break;
      case Rate:
        if (duration <= Milliseconds(0)) return;  // the sum is the next interval's
        points.add(name, text_of(tally.number / seconds_of(duration)));
        break;
      case Gauge:
        if (tally.given) points.add(name, text_of(tally.number));
        break;
      case Timer:
        flush_timer(options, name, tally.sample, points);
        break;
    }
    tally = {};
  }

  static void flush_timer(const RegexMetric& options, const std::string& name, Sample& sample,
                          LogPoints& points) {
    if (sample.empty()) return;
    points.add(name + ".count", std::to_string(sample.size()));
    points.add(name + ".mean", text_of(mean_of(sample)));
    std::ranges::sort(sample);
    points.add(name + ".lower", text_of(sample.front()));
    points.add(name + ".upper", text_of(sample.back()));
    points.add(name + ".median", text_of(percentile_of(sample, 50)));
    for (const double percent : options.percentiles) {
      points.add(name + "." + percentile_name(percent), text_of(percentile_of(sample, percent)));
    }
  }

  void restore_metric(SavedReader& reader) {
    const std::string_view identity = reader.text();
    RecentNames<Tally> tallies(kMostLogNames);
    tallies.restore(reader, [&reader](Tally& tally) {
      tally.number = reader.number();
      tally.given = reader.whole() != 0;
      tally.sample = restore_sample(reader);
    });
    const auto metric = std::ranges::find_if(
        metrics_, [identity](const Metric& each) { return identity_of(each.options) == identity; });
    if (metric == metrics_.end()) return;
    for (const auto& [name, entry] : tallies.all()) kept_ += entry.value.sample.size();
    metric->tallies = std::move(tallies);
  }

  void clear() {
    for (Metric& metric : metrics_) metric.tallies = RecentNames<Tally>(kMostLogNames);
    kept_ = 0;
  }

  std::vector<Metric> metrics_;
  std::size_t kept_ = 0;  ///< values of timers in this interval
};

}  // namespace

Result<std::unique_ptr<LogParser>> make_regex_parser(const std::vector<RegexMetric>& metrics) {
  std::vector<Metric> ready;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    RegexMatcher matcher(metrics[i]);
    if (const auto& flaw = matcher.flaw()) {
      return Error{flaw->message}.in(flaw->member).in("metric[" + std::to_string(i) + "]");
    }
    ready.push_back({metrics[i], std::move(matcher)});
  }
  return std::unique_ptr<LogParser>(std::make_unique<RegexParser>(std::move(ready)));
}

}  // namespace carbon_spool
