#include "carbon_spool/admin/status.h"

#include <csignal>
#include <ctime>
#include <iostream>
#include <optional>

#include <unistd.h>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/base/clock.h"
#include "carbon_spool/daemon/daemon.h"

#include "commands.h"
#include "screen.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// One look at the daemon or at what it left.
struct Look {
  int exit_code = kExitGood;
  std::string page;    ///< for standard output; empty if there is no queue
  std::string remark;  ///< for standard error; empty if the daemon answered
};

Result<Status> ask_daemon(const std::string& socket, int timeout_seconds) {
  const Result<std::string> answer = ask_admin(socket, "status", timeout_seconds);
  if (!answer) return answer.error();
  return status_from_json(answer.value());
}

std::string print_as(const StatusArguments& arguments, const Status& status, std::int64_t now) {
  if (arguments.json) return to_json(status) + '\n';
  return to_text(status, now, arguments.watch);
}

Look look(const StatusArguments& arguments, const Config& config, int timeout_seconds) {
  const std::int64_t now = system_clock().unix_seconds();
  const Result<Status> live = ask_daemon(config.admin_socket, timeout_seconds);
  if (live) {
    const bool well = !needs_a_look(live.value(), now);
    return {well ? kExitGood : kExitNeedsALook, print_as(arguments, live.value(), now), ""};
  }
  const std::string remark = "carbon-spool: not running: " + live.error().message + '\n';
  const Result<Status> left = status_of_stopped(config);
  if (!left) {
    return {kExitNotRunning, "",
            remark + "carbon-spool: no queue to show: " + left.error().message + '\n'};
  }
  return {kExitNotRunning, print_as(arguments, left.value(), now), remark};
}

/// Shows a new page every second until SIGINT, SIGTERM or SIGHUP.
void watch(const StatusArguments& arguments, const Config& config) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&signals, each);
  // Blocked, they wait for sigtimedwait: the screen is always left in order.
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  constexpr timespec kSecond{1, 0};
  const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !arguments.json;
  const std::optional<Screen> screen =
      terminal ? std::optional<Screen>(std::in_place) : std::nullopt;
  for (bool first = true;; first = false) {
    const Look seen = look(arguments, config, 1);
    if (screen) {
      screen->show(seen.page.empty() ? seen.remark : seen.page);
    } else {
      std::cerr << seen.remark;
      if (!print((first || arguments.json ? "" : "\n") + seen.page)) return;
    }
    const int signal = sigtimedwait(&signals, nullptr, &kSecond);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) return;
  }
}

}  // namespace

int show_status(const StatusArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  if (arguments.watch) {
    watch(arguments, *config);
    return kExitGood;
  }
  constexpr int kTimeoutSeconds = 5;
  const Look seen = look(arguments, *config, kTimeoutSeconds);
  std::cerr << seen.remark;
  print(seen.page);
  return seen.exit_code;
}

}  // namespace carbon_spool
