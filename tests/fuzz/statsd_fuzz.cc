// Bytes as StatsD packets, through aggregation, flush and console: nothing crashes or reads beyond
// them, the counts add up, and an interval that is saved and restored flushes the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_console.h"
#include "carbon_spool/statsd/statsd_flush.h"

namespace carbon_spool {
namespace {

class StillClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1700000000));
  }
};

const StillClock kClock;

/// The first byte chooses the options.
StatsdOptions options_from(std::uint8_t choice) {
  StatsdOptions options;
  options.syntax.sanitize_names = (choice & 1) == 0;
  options.syntax.dogstatsd = (choice & 2) != 0;
  options.legacy_namespace = (choice & 4) == 0;
  options.delete_counters = options.delete_timers = options.delete_sets = (choice & 8) != 0;
  options.delete_gauges = (choice & 16) != 0;
  options.percent_threshold = {90, -10, 99.9, -100};
  options.histogram = {{"", {0, 1.5, 100}}};
  options.gauge_minus = (choice & 32) != 0 ? GaugeMinus::Set : GaugeMinus::Subtract;
  options.max_names = (choice & 64) != 0 ? 4 : 1000;
  options.max_memory = (choice & 128) != 0 ? 4000 : 1 << 20;
  return options;
}

std::string flushed(StatsdAggregator& aggregator, StatsdInterval& interval, StatsdFlush& flush) {
  std::string lines;
  aggregator.close_interval(interval, 1700000010);
  flush.write(interval, 1700000010, {}, [&lines](std::string_view line) {
    CS_ASSERT(line.ends_with(" 1700000010\n"));
    CS_ASSERT(lines.size() < (std::size_t{64} << 20));
    lines += line;
  });
  return lines;
}

std::string replied(StatsdConsole& console, std::string_view command) {
  const StatsdConsole::Reply reply = console.reply(command);
  std::string all;
  for (std::string piece = reply.next_piece(); !piece.empty(); piece = reply.next_piece()) {
    all += piece;
  }
  return all;
}

/// Every value of a packet is taken, refused or bad; every line has at least one.
void check_reader(const StatsdSyntax& syntax, std::string_view packet) {
  StatsdReader reader(syntax);
  reader.begin(packet);
  std::uint64_t good = 0;
  for (StatsdValue value; reader.next(value); ++good) {
    if (!syntax.sanitize_names) continue;
    for (const char each : value.name) {
      CS_ASSERT(each > ' ' && each < '\x7f' && each != ':' && each != '/');
    }
  }
  CS_ASSERT(good + reader.bad() >= reader.lines());
  CS_ASSERT((reader.bad() > 0) == (reader.last_bad().data() != nullptr));
}

void run(std::string_view bytes) {
  if (bytes.empty()) return;
  const StatsdOptions options = options_from(static_cast<std::uint8_t>(bytes.front()));
  bytes.remove_prefix(1);
  StatsdAggregator aggregator(options, kClock);
  StatsdFlush flush(options, kClock);
  StatsdInterval interval;
  StatsdConsole console(
      aggregator, [] { return StatsdFlushStats(); }, {}, kClock);

  std::string all;
  while (!bytes.empty()) {
    // A zero byte ends a packet.
    const std::string_view packet = bytes.substr(0, bytes.find('\0'));
    bytes.remove_prefix(std::min(bytes.size(), packet.size() + 1));
    check_reader(options.syntax, packet);
    static_cast<void>(aggregator.take(packet));
    all += replied(console, packet);
  }
  for (const char* command : {"counters", "timers", "gauges", "sets", "stats", "config"}) {
    CS_ASSERT(!replied(console, command).empty());
  }

  const std::string saved = aggregator.save(std::size_t{64} << 20).value();
  StatsdAggregator other(options, kClock);
  CS_ASSERT(other.restore(saved));
  static_cast<void>(other.restore(all));
  static_cast<void>(flushed(aggregator, interval, flush));
  static_cast<void>(flushed(aggregator, interval, flush));
}

}  // namespace
}  // namespace carbon_spool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carbon_spool::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
