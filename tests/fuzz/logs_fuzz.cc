// Bytes as lines of logs, through every parser: nothing crashes or reads beyond them, every line is
// counted once, and a parser that is saved and restored flushes the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {
namespace {

constexpr std::int64_t kNow = 1700000000000;
constexpr std::uint8_t kFormats = 9;

class KeptPoints final : public LogPoints {
 public:
  void add(std::string_view name, std::string_view value) override {
    CS_ASSERT(!name.empty() && !value.empty());
    CS_ASSERT(value.find_first_not_of("0123456789.e+-") == std::string_view::npos);
    lines.append(name).append(" ").append(value).append("\n");
  }
  std::string lines;
};

/// The first byte chooses the options.
LogParserOptions options_from(std::uint8_t choice) {
  LogParserOptions options;
  options.format = static_cast<LogFormat>(choice % kFormats);
  const std::uint8_t more = choice / kFormats;
  options.bpftrace.mode =
      (more & 1) == 0 ? BpftraceOptions::Mode::Interval : BpftraceOptions::Mode::Cumulative;
  if ((more & 2) != 0) options.bpftrace.maps = {"@u", ""};
  using enum RegexMetric::Kind;
  options.metrics = {{"(?P<name>[a-z]+)", "c.{name}"},
                     {"(?P<name>.)?=(?P<v>.*)", "r.{name}", Rate, "v"},
                     {"(?P<v>[-0-9.e]+)$", "g", Gauge, "v"},
                     {"(?P<v>[-0-9.e]+)", "t", Timer, "v", {0.1, 90, 99.99, 100}}};
  return options;
}

std::string flushed(LogParser& parser, Milliseconds duration, std::int64_t now) {
  KeptPoints points;
  parser.flush(duration, now, points);
  return points.lines;
}

void run(std::string_view bytes) {
  if (bytes.empty()) return;
  const LogParserOptions options = options_from(static_cast<std::uint8_t>(bytes.front()));
  bytes.remove_prefix(1);
  const auto parser = std::move(make_log_parser(options).value());
  const auto other = std::move(make_log_parser(options).value());
  // Whatever it is, it is taken whole or not at all.
  if (!parser->restore(bytes)) CS_ASSERT(parser->save() == other->save());
  static_cast<void>(flushed(*parser, Milliseconds(1), kNow));

  std::uint64_t lines = 0;
  std::int64_t now = kNow;
  for (std::string_view rest = bytes; !rest.empty(); ++lines) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    parser->take(lines % 3 == 0 ? "/a" : "/b", line, now);
    now += 500;
    if (lines % 16 != 15) continue;
    const std::string saved = parser->save();
    CS_ASSERT(other->restore(saved));
    CS_ASSERT(other->save() == saved);
    const Milliseconds duration(lines % 32 == 15 ? 0 : 7);
    CS_ASSERT(flushed(*parser, duration, now) == flushed(*other, duration, now));
  }
  const LogLineCounts counts = parser->counts();
  CS_ASSERT(counts.taken + counts.passed_by + counts.bad == lines);
  static_cast<void>(flushed(*parser, Seconds(15), now + 60'000));
}

}  // namespace
}  // namespace carbon_spool

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carbon_spool::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
