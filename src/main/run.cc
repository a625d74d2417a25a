#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iostream>

#include <sys/resource.h>

#include "carbon_spool/base/log.h"
#include "carbon_spool/daemon/daemon.h"

#include "commands.h"
#include "service_manager.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// Ten thousand connections are ordinary; the soft limit of 1024 is there for programs that use
/// select().
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  log(LogLevel::Warning,
      std::string("the limit of open files stays as it is: ") + std::strerror(errno));
}

/// The signals that the main thread waits for; no other thread gets them.
class Signals {
 public:
  /// Before any thread is started: threads inherit what is blocked.
  Signals() {
    sigemptyset(&set_);
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, each);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  [[nodiscard]] int wait() const {
    int signal = 0;
    while (sigwait(&set_, &signal) != 0) {
    }
    return signal;
  }

  /// From here on SIGTERM and SIGINT end the process at once.
  static void let_end_at_once() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int each : {SIGTERM, SIGINT}) sigaddset(&ending, each);
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  }

 private:
  sigset_t set_{};
};

/// systemd wants to know since when, as CLOCK_MONOTONIC counts (sd_notify(3), RELOADING=1).
std::string reloading_since_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds);
}

void reload_until_the_end(const Signals& signals, const std::string& config_file, Daemon& daemon) {
  while (signals.wait() == SIGHUP) {
    tell_service_manager(reloading_since_now());
    daemon.reload(load_config(config_file));
    tell_service_manager("READY=1");
  }
}

}  // namespace

int run_daemon(const RunArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  bool can_begin = true;
  for (const FolderProblem& each : check_folders(*config)) {
    std::cerr << "carbon-spool: " << each.sentence << '\n';
    can_begin = can_begin && each.may_pass;
  }
  if (!can_begin) return kExitBadUsage;

  const Signals signals;
  set_log_level(config->log_level);
  raise_file_limit();
  const Result<std::unique_ptr<Daemon>> daemon = Daemon::start(*config);
  if (!daemon) {
    std::cerr << "carbon-spool: cannot start: " << daemon.error().message << '\n';
    return kExitBadUsage;
  }
  tell_service_manager("READY=1");
  reload_until_the_end(signals, arguments.config_file, *daemon.value());
  tell_service_manager("STOPPING=1");
  Signals::let_end_at_once();
  daemon.value()->stop();
  return kExitGood;
}

}  // namespace carbon_spool
