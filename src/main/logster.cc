// carbon-spool logster: what a log's new lines come to, sent once, as Logster does from cron. What
// was read counts as read only after it has arrived: whatever fails, the next run has it again.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/log.h"
#include "carbon_spool/logs/log_parser.h"

#include "commands.h"
#include "local_listener.h"
#include "log_backlog.h"
#include "logster_output.h"
#include "logster_parser.h"
#include "logster_state.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

constexpr std::int64_t kMillisecondsASecond = 1000;

void say(std::string_view what) {
  std::cerr << "carbon-spool: " << what << '\n';
}

class GatheredPoints final : public LogPoints {
 public:
  void add(std::string_view name, std::string_view value) override {
    all.push_back({std::string(name), std::string(value)});
  }
  std::vector<LogsterPoint> all;
};

/// `host:port` of an option.
Result<Address> address_of(const char* option, const std::string& scheme,
                           const std::string& place) {
  if (place.empty()) return Error{"expected host:port"}.in(option);
  Result<Address> address = parse_address(scheme + "://" + place);
  return address ? std::move(address) : address.error().in(option);
}

Result<Address> graphite_address(const LogsterArguments& arguments) {
  if (!arguments.graphite_host.empty()) {
    if (arguments.graphite_protocol != "tcp" && arguments.graphite_protocol != "udp") {
      return Error{"--graphite-protocol: expected tcp or udp"};
    }
    return address_of("--graphite-host", arguments.graphite_protocol, arguments.graphite_host);
  }
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return Error{"no --graphite-host, and no usable configuration"};
  const std::optional<Address> address = listener_of(*config, InputType::Graphite);
  if (!address) return Error{"no plaintext input with a fixed address"}.in(arguments.config_file);
  return *address;
}

using Outputs = std::vector<std::unique_ptr<LogsterOutput>>;

Result<Outputs> outputs_of(const LogsterArguments& arguments, const LogsterNaming& naming) {
  Outputs outputs;
  std::vector<std::string> made;
  for (const std::string& each : arguments.outputs) {
    if (std::ranges::count(made, each) > 0) continue;
    made.push_back(each);
    if (each == "stdout") {
      outputs.push_back(make_stdout_output(naming, arguments.stdout_separator));
      continue;
    }
    if (each != "graphite" && each != "statsd") {
      return Error{"--output: expected stdout, graphite or statsd, found " + quote_for_log(each)};
    }
    const Result<Address> address = each == "graphite"
                                        ? graphite_address(arguments)
                                        : address_of("--statsd-host", "udp", arguments.statsd_host);
    if (!address) return address.error();
    outputs.push_back(each == "graphite" ? make_graphite_output(naming, address.value())
                                         : make_statsd_output(naming, address.value()));
  }
  return outputs;
}

/// The name of a run's files: what it reads, and as what.
std::string state_name(const LogsterArguments& arguments) {
  std::string name = "carbon-spool-" + arguments.parser + "-" + arguments.file;
  std::ranges::replace(name, '/', '-');
  return name;
}

/// Reads what is new, sends what it comes to, and makes of the state what the next run begins with.
Result<void> run_once(const LogsterArguments& arguments, LogParser& parser, const Outputs& outputs,
                      std::int64_t now, LogsterState& state) {
  if (auto restored = parser.restore(state.parser); !restored) {
    say("what the last run left of its open interval is lost: " + restored.error().message);
  }
  const std::int64_t now_ms = now * kMillisecondsASecond;
  const auto reading = read_log(arguments.file, state.place, [&](std::string_view line) {
    parser.take(arguments.file, line, now_ms);
  });
  if (!reading) return reading.error();
  if (reading.value().lost_place) {
    say(arguments.file + ": what was read last is in no generation of it; lines may be missing");
  }
  const LogLineCounts counts = parser.counts();
  const std::uint64_t bad = counts.bad + reading.value().too_long;
  if (bad > 0) say(arguments.file + ": " + std::to_string(bad) + " bad lines");

  GatheredPoints points;
  parser.flush(std::max(Seconds(0), Seconds(now - state.started)), now_ms, points);
  for (const auto& each : outputs) {
    if (auto sent = each->send(points.all); !sent) return sent;
  }
  state.started = now;
  state.place = reading.value().place;
  state.parser = parser.save();
  return success();
}

int fail(const Error& error, int exit_code) {
  say(error.message);
  return exit_code;
}

}  // namespace

int run_logster(const LogsterArguments& arguments) {
  const std::int64_t now = system_clock().unix_seconds();
  const auto parser = logster_parser(arguments.parser, arguments.parser_options);
  if (!parser) return fail(parser.error(), kExitBadUsage);
  const auto outputs =
      outputs_of(arguments, {arguments.prefix, arguments.suffix, now, arguments.dry_run});
  if (!outputs) return fail(outputs.error(), kExitBadUsage);

  const auto file = LogsterStateFile::open(arguments.state_folder, state_name(arguments));
  if (!file) return fail(file.error(), kExitNeedsALook);
  auto found = file.value().read();
  if (!found) return fail(found.error(), kExitNeedsALook);
  LogsterState state;
  if (found.value()) {
    state = std::move(*found.value());
    const auto ran = run_once(arguments, *parser.value(), outputs.value(), now, state);
    if (!ran) return fail(ran.error(), kExitNeedsALook);
  } else {
    const auto end = end_of_log(arguments.file);
    if (!end) return fail(end.error(), kExitNeedsALook);
    state = {end.value(), now, parser.value()->save()};
  }
  const auto written = file.value().write(state);
  return written ? kExitGood : fail(written.error(), kExitNeedsALook);
}

}  // namespace carbon_spool
