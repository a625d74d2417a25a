// carbon-spool event: hands one event to the daemon that runs.

#include "carbon_spool/wire/event.h"

#include <charconv>
#include <optional>
#include <string>

#include "carbon_spool/admin/admin_socket.h"

#include "commands.h"
#include "fail.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// Longer than the daemon waits for its disk.
constexpr int kTimeoutSeconds = 30;

std::optional<double> seconds_in(const std::string& text) {
  double seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

}  // namespace

int hand_over_event(const EventArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  std::optional<double> when;
  if (!arguments.when.empty()) {
    when = seconds_in(arguments.when);
    if (!when) return fail("--when: expected Unix seconds, such as 1700000000", kExitBadUsage);
  }
  const std::string json = make_event(arguments.what, arguments.tags, arguments.data, when);
  // What could never be taken is the caller's mistake, whether the daemon runs or not.
  if (const EventReading event = read_event(json, 0); !event.line) {
    return fail(event.why, kExitBadUsage);
  }
  const Result<std::string> answer =
      ask_admin(config->admin_socket, "event\t" + json, kTimeoutSeconds);
  if (!answer) {
    return fail("not running: " + answer.error().message +
                    "; the event was not taken (is the daemon started, and is this its "
                    "configuration file?)",
                kExitNotRunning);
  }
  constexpr std::string_view kOk = "ok\n";
  constexpr std::string_view kFailed = "failed ";
  if (answer.value() == kOk) return kExitGood;
  std::string why = answer.value();
  if (why.starts_with(kFailed)) why.erase(0, kFailed.size());
  if (why.ends_with('\n')) why.pop_back();
  return fail("event: " + why, kExitNeedsALook);
}

}  // namespace carbon_spool
