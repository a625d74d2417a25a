// A Graphite receiver that only counts lines. It closes a connection after it has read its end of
// file, and never before, so a sender may take the close for a confirmation.
//
// Once the expected number has arrived it says how long that took; it ends when the last
// connection has ended, too, or on SIGINT or SIGTERM.

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "load_tool.h"

namespace carbon_spool {
namespace {

using SteadyClock = std::chrono::steady_clock;

class CountingSink {
 public:
  CountingSink(UniqueFd listener, std::uint64_t expected)
      : listener_(std::move(listener)),
        expected_(expected),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC));
    watch(epoll_, signals_.get(), EPOLLIN);
    watch(epoll_, listener_.get(), EPOLLIN);
  }

  void run() {
    while (!stopped_ && !(complete() && connections_.empty())) {
      std::array<epoll_event, 256> events;
      const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
    report("end");
  }

 private:
  [[nodiscard]] bool complete() const { return expected_ != 0 && lines_ >= expected_; }

  void handle(int fd) {
    if (fd == signals_.get()) {
      stopped_ = true;
    } else if (fd == listener_.get()) {
      accept_all();
    } else {
      read_from(fd);
    }
  }

  void accept_all() {
    for (;;) {
      UniqueFd connection(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!connection) {
        if (errno == EAGAIN || errno == ECONNABORTED) return;
        fail("accept");
      }
      watch(epoll_, connection.get(), EPOLLIN);
      const int fd = connection.get();
      connections_.emplace(fd, std::move(connection));
    }
  }

  void read_from(int fd) {
    const ssize_t got = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      count_lines({buffer_.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || errno != EAGAIN) {
      if (got < 0) ++resets_;
      connections_.erase(fd);
    }
  }

  void count_lines(std::string_view bytes) {
    if (!first_byte_) first_byte_ = SteadyClock::now();
    const bool was_complete = complete();
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while ((at = static_cast<const char*>(
                std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
      ++lines_;
      ++at;
    }
    bytes_ += bytes.size();
    if (complete() && !was_complete) report("complete");
  }

  void report(const char* when) const {
    const auto begin = first_byte_.value_or(SteadyClock::now());
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    std::printf("%s lines=%llu bytes=%llu resets=%llu seconds=%.3f cpu_seconds=%.3f\n", when,
                static_cast<unsigned long long>(lines_), static_cast<unsigned long long>(bytes_),
                static_cast<unsigned long long>(resets_), seconds, own_cpu_seconds());
    std::fflush(stdout);
  }

  const UniqueFd listener_;
  const std::uint64_t expected_;  ///< 0: no end
  const UniqueFd epoll_;
  UniqueFd signals_;
  std::unordered_map<int, UniqueFd> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::optional<SteadyClock::time_point> first_byte_;
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t resets_ = 0;
  bool stopped_ = false;
};

}  // namespace
}  // namespace carbon_spool

int main(int count, char** arguments) {
  using namespace carbon_spool;
  CLI::App app("Counts the Graphite lines that arrive.");
  std::string address;
  std::uint64_t expected = 0;
  app.add_option("--listen", address, "HOST:PORT; port 0: the kernel's choice, printed")
      ->required();
  app.add_option("--expect", expected,
                 "lines after which to report, and to end with the connections");
  CLI11_PARSE(app, count, arguments);

  raise_file_limit();
  UniqueFd listener = listen_on(address);
  std::printf("listening port=%u\n", unsigned{port_of(listener)});
  std::fflush(stdout);
  CountingSink(std::move(listener), expected).run();
}
