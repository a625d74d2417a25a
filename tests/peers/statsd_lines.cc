// Runs our StatsD aggregation as a script says, under a clock that the script sets, to be compared
// with the real StatsD: tests/peers/compare_statsd.py.
//
//     statsd_lines OPTIONS SCRIPT
//
// OPTIONS has lines of `key value`, SCRIPT lines of
//
//     at UNIX_MILLISECONDS    sets the clock; the first line is one
//     packet HEX              a packet
//     flush                   prints the flushed lines, then a line with a NUL
//     ask COMMAND             prints what the management console replies, then a line with a NUL

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_console.h"
#include "carbon_spool/statsd/statsd_flush.h"
#include "carbon_spool/statsd/statsd_time.h"
#include "carbon_spool/wire/javascript_number.h"

namespace {

using namespace carbon_spool;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "statsd_lines: " << why << '\n';
  std::exit(2);
}

class ScriptClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return now_; }
  void set(std::int64_t milliseconds) {
    now_ = std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
  }

 private:
  std::chrono::system_clock::time_point now_;
};

std::string front_word(std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::string word = line.substr(0, blank);
  line.erase(0, blank == std::string::npos ? blank : blank + 1);
  return word;
}

std::vector<std::string> list(const std::string& text, char separator = ',') {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

double number(const std::string& text) {
  return text == "inf" ? std::numeric_limits<double>::infinity() : javascript_number(text).value();
}

/// `name bin,bin,…`, or `name` alone; an empty name is written as `*`.
StatsdHistogram histogram(std::string text) {
  StatsdHistogram made;
  made.metric = front_word(text);
  if (made.metric == "*") made.metric.clear();
  for (const std::string& each : list(text)) made.bins.push_back(number(each));
  return made;
}

void set_option(const std::string& key, const std::string& value, StatsdOptions& options) {
  const std::map<std::string, bool*> flags = {{"sanitize_names", &options.syntax.sanitize_names},
                                              {"delete_counters", &options.delete_counters},
                                              {"delete_timers", &options.delete_timers},
                                              {"delete_sets", &options.delete_sets},
                                              {"delete_gauges", &options.delete_gauges},
                                              {"flush_counts", &options.flush_counts},
                                              {"legacy_namespace", &options.legacy_namespace}};
  const std::map<std::string, std::string*> texts = {
      {"global_prefix", &options.global_prefix}, {"prefix_counter", &options.prefix_counter},
      {"prefix_timer", &options.prefix_timer},   {"prefix_gauge", &options.prefix_gauge},
      {"prefix_set", &options.prefix_set},       {"global_suffix", &options.global_suffix},
      {"prefix_stats", &options.prefix_stats}};
  if (const auto flag = flags.find(key); flag != flags.end()) {
    *flag->second = value == "true";
  } else if (const auto text = texts.find(key); text != texts.end()) {
    *text->second = value;
  } else if (key == "flush_interval") {
    options.flush_interval = Milliseconds(std::stoll(value));
  } else if (key == "gauges_max_ttl") {
    options.gauges_max_ttl = static_cast<std::uint32_t>(std::stoul(value));
  } else if (key == "percent_threshold") {
    options.percent_threshold.clear();
    for (const std::string& each : list(value)) options.percent_threshold.push_back(number(each));
  } else if (key == "calculated_timer_metrics") {
    options.calculated_timer_metrics = list(value);
  } else if (key == "histogram") {
    options.histogram.push_back(histogram(value));
  } else {
    give_up("no such option: " + key);
  }
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
  }
  return bytes;
}

/// What the real one has in place of our queue and daemon.
class Run {
 public:
  explicit Run(const StatsdOptions& options)
      : aggregator_(options, clock_), flush_(options, clock_) {}

  void step(const std::string& what, const std::string& text) {
    if (what == "at") {
      clock_.set(std::stoll(text));
      if (!console_) start();
    } else if (what == "packet") {
      aggregator_.take(from_hex(text));
    } else if (what == "flush") {
      flush();
    } else if (what == "ask") {
      ask(text);
    } else {
      give_up("no such step: " + what);
    }
  }

 private:
  [[nodiscard]] UnixSeconds seconds() const { return statsd_seconds(clock_.now()); }

  void start() {
    last_.last_flush = seconds();
    console_.emplace(
        aggregator_, [this] { return last_; }, std::vector<std::string>(), clock_);
  }

  void flush() {
    aggregator_.close_interval(interval_, seconds());
    std::uint64_t bytes = 0;
    flush_.write(interval_, seconds(), last_, [&bytes](std::string_view line) {
      std::cout << line;
      bytes += line.size();
    });
    std::cout << '\0' << '\n';
    last_.last_flush = seconds();
    last_.flush_length = bytes;
  }

  void ask(const std::string& command) {
    const StatsdConsole::Reply reply = console_->reply(command);
    for (std::string piece = reply.next_piece(); !piece.empty(); piece = reply.next_piece()) {
      std::cout << piece;
    }
    std::cout << '\0' << '\n';
  }

  ScriptClock clock_;
  StatsdAggregator aggregator_;
  StatsdFlush flush_;
  StatsdInterval interval_;
  StatsdFlushStats last_;
  std::optional<StatsdConsole> console_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) give_up("two arguments, please");
  StatsdOptions options;
  std::ifstream option_lines(arguments[1]);
  for (std::string line; std::getline(option_lines, line);) {
    const std::string key = front_word(line);
    set_option(key, line, options);
  }
  Run run(options);
  std::ifstream script(arguments[2]);
  for (std::string line; std::getline(script, line);) {
    const std::string what = front_word(line);
    run.step(what, line);
  }
}
