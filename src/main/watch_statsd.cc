// carbon-spool statsd watch: what passes through StatsD inputs, as it passes.

#include <csignal>
#include <ctime>
#include <string>

#include <unistd.h>

#include "carbon_spool/admin/admin_socket.h"

#include "commands.h"
#include "fail.h"
#include "screen.h"
#include "usable_config.h"

namespace carbon_spool {
int watch_statsd(const WatchStatsdArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  if (arguments.pattern.find_first_of("\t\n") != std::string::npos) {
    return fail("a pattern has neither tabs nor line ends", kExitBadUsage);
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, each);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  constexpr timespec kPause{0, 200'000'000};
  const std::string request =
      "statsd-watch\t" + std::to_string(::getpid()) + '\t' + arguments.pattern;
  do {
    const Result<std::string> answer = ask_admin(config->admin_socket, request);
    if (!answer) return fail("not running: " + answer.error().message, kExitNotRunning);
    constexpr std::string_view kOk = "ok\n";
    if (!answer.value().starts_with(kOk)) {
      const std::size_t why = answer.value().find(' ') + 1;
      return fail(answer.value().substr(why, answer.value().find('\n') - why), kExitNeedsALook);
    }
    if (!print(answer.value().substr(kOk.size()))) return kExitGood;
  } while (sigtimedwait(&signals, nullptr, &kPause) < 0);
  return kExitGood;
}

}  // namespace carbon_spool
