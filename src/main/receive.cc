#include <atomic>
#include <csignal>
#include <iostream>
#include <iterator>

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "commands.h"
#include "receiver.h"

namespace carbon_spool {
namespace {

// What the signal handler can reach.
std::atomic<bool> stop_asked{false};
int wake_fd = -1;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void ask_to_stop(int) {
  const int before = errno;
  stop_asked = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_fd, &one, sizeof one);
  errno = before;
}

/// Without SA_RESTART, so that a write to a stalled reader ends; a second signal kills.
void stop_at_signals() {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

void allow_many_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int receive(const ReceiveArguments& arguments) {
  allow_many_connections();
  std::vector<ListeningSocket> sockets;
  for (const std::string& text : arguments.listen) {
    const Result<Address> address = parse_address(text);
    if (!address) {
      std::cerr << "carbon-spool: --listen: " << address.error().message << '\n';
      return kExitBadUsage;
    }
    auto opened = listen_on(address.value());
    if (!opened) {
      std::cerr << "carbon-spool: " << opened.error().message << '\n';
      return kExitNeedsALook;
    }
    std::move(opened.value().begin(), opened.value().end(), std::back_inserter(sockets));
  }

  const UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  wake_fd = wake.get();
  stop_at_signals();
  for (const ListeningSocket& each : sockets) {
    std::cerr << "listening on " << to_string(each.address()) << std::endl;
  }
  const auto print = arguments.count ? Receiver::Print::Count : Receiver::Print::Lines;
  Receiver receiver(std::move(sockets), print, STDOUT_FILENO);
  const bool worked = receiver.run(stop_asked, wake.get());
  std::cerr << "received " << receiver.lines() << " lines\n";
  if (!worked) std::cerr << "carbon-spool: cannot write to standard output\n";
  return worked ? kExitGood : kExitNeedsALook;
}

}  // namespace carbon_spool
