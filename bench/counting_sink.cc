// A Graphite receiver that only counts lines, or reads their values as load_generator makes them:
// which numbers never arrived, which more than once, or how long lines were on their way. It closes
// a connection after it has read its end of file, and never before, so a sender may take the close
// for a confirmation.
//
// Once the expected number has arrived it says how long that took; it ends when the last
// connection has ended, too, or on SIGINT or SIGTERM. SIGUSR1 takes it down: it resets every
// connection and listens no more. SIGUSR2 brings it back, with what it has counted; if values are
// numbers, it then says `caught_up` with what had come until hardly any before the newest was
// missing.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "load_tool.h"

namespace carbon_spool {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// What the values of lines tell.
class Reading {
 public:
  Reading(Values values, std::uint64_t expected) : values_(values) {
    if (values == Values::Numbers) seen_.resize(expected);
  }

  /// Takes a line without its LF.
  void take(std::string_view line, std::uint64_t now) {
    // Some forwarders write numbers anew, without the zeros in front.
    std::size_t at = line.rfind(' ');
    if (at == std::string_view::npos) at = 0;
    std::uint64_t value = 0;
    std::uint64_t unit = 1;
    for (; at > 0 && line[at - 1] >= '0' && line[at - 1] <= '9'; --at, unit *= 10) {
      value += static_cast<std::uint64_t>(line[at - 1] - '0') * unit;
    }
    if (unit == 1 || at == 0 || line[at - 1] != ' ') {
      ++strange_;
      return;
    }
    if (values_ == Values::Times) {
      delays_.push_back(static_cast<std::uint32_t>(now - value));
    } else if (value >= seen_.size()) {
      ++strange_;
    } else if (seen_[value]) {
      ++again_;
    } else {
      seen_[value] = true;
      ++different_;
      end_ = std::max(end_, value + 1);
    }
  }

  [[nodiscard]] std::uint64_t different() const { return different_; }
  /// Of numbers: how many before the greatest have not come.
  [[nodiscard]] std::uint64_t missing_before_newest() const { return end_ - different_; }

  [[nodiscard]] std::string report() {
    std::string text = " strange=" + std::to_string(strange_);
    if (values_ == Values::Numbers) {
      return text + " missing=" + std::to_string(seen_.size() - different_) +
             " again=" + std::to_string(again_);
    }
    std::sort(delays_.begin(), delays_.end());
    for (const auto& [name, share] :
         {std::pair{"p50_us", 0.5}, {"p99_us", 0.99}, {"max_us", 1.0}}) {
      const auto at = static_cast<std::size_t>(share * static_cast<double>(delays_.size()));
      const std::uint32_t delay = delays_.empty() ? 0 : delays_[std::min(at, delays_.size() - 1)];
      text += std::string(" ") + name + '=' + std::to_string(delay);
    }
    return text;
  }

 private:
  const Values values_;
  std::vector<bool> seen_;
  std::vector<std::uint32_t> delays_;  ///< microseconds
  std::uint64_t different_ = 0;
  std::uint64_t end_ = 0;  ///< the greatest number, and one
  std::uint64_t again_ = 0;
  std::uint64_t strange_ = 0;
};

class CountingSink {
 public:
  CountingSink(const std::vector<std::string>& addresses, std::uint64_t expected, Values values)
      : addresses_(addresses),
        expected_(expected),
        values_(values),
        reading_(values, expected),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC));
    watch(epoll_, signals_.get(), EPOLLIN);
    listen();
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
  struct Connection {
    UniqueFd fd;
    std::string rest;  ///< of a line whose end has not come; only if values are read
  };

  /// After it had been down.
  struct Return {
    std::uint64_t lines_before;
    std::optional<SteadyClock::time_point> first_line;
  };

  /// Until then what comes may all be old, and its numbers tell nothing.
  static constexpr std::chrono::milliseconds kBeforeLive{200};
  /// Lines that are on their way all the time.
  static constexpr std::uint64_t kUnderWay = 50'000;

  [[nodiscard]] bool complete() const {
    const std::uint64_t lines = values_ == Values::Numbers ? reading_.different() : lines_;
    return expected_ != 0 && lines >= expected_;
  }

  void handle(int fd) {
    if (fd == signals_.get()) {
      obey();
    } else if (listeners_.contains(fd)) {
      accept_all(listeners_.at(fd));
    } else if (connections_.contains(fd)) {
      read_from(fd);
    }
  }

  void obey() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return;
    if (signal.ssi_signo == SIGUSR1) {
      listeners_.clear();
      for (auto& [fd, connection] : connections_) {
        const linger now{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      }
      connections_.clear();
    } else if (signal.ssi_signo == SIGUSR2) {
      listen();
      back_ = Return{lines_, {}};
    } else {
      stopped_ = true;
    }
  }

  /// The ports that the kernel chose stay the same.
  void listen() {
    for (std::string& address : addresses_) {
      UniqueFd listener = listen_on(address);
      const std::string port = std::to_string(port_of(listener));
      if (address.ends_with(":0")) {
        address.replace(address.size() - 1, 1, port);
        std::printf("listening port=%s\n", port.c_str());
      }
      watch(epoll_, listener.get(), EPOLLIN);
      const int fd = listener.get();
      listeners_.emplace(fd, std::move(listener));
    }
    std::fflush(stdout);
  }

  void accept_all(const UniqueFd& listener) {
    for (;;) {
      UniqueFd connection(
          ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!connection) {
        if (errno == EAGAIN || errno == ECONNABORTED) return;
        fail("accept");
      }
      watch(epoll_, connection.get(), EPOLLIN);
      const int fd = connection.get();
      connections_.emplace(fd, Connection{std::move(connection), {}});
    }
  }

  void read_from(int fd) {
    const ssize_t got = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      count_lines({buffer_.data(), static_cast<std::size_t>(got)}, connections_.at(fd));
    } else if (got == 0 || errno != EAGAIN) {
      if (got < 0) ++resets_;
      connections_.erase(fd);
    }
  }

  void count_lines(std::string_view bytes, Connection& from) {
    if (!first_byte_) first_byte_ = SteadyClock::now();
    const bool was_complete = complete();
    bytes_ += bytes.size();
    const std::uint64_t now = values_ == Values::Times ? now_microseconds() : 0;
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;) {
      ++lines_;
      const std::string_view line = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (values_ == Values::Drifting) continue;
      if (from.rest.empty()) {
        reading_.take(line, now);
      } else {
        from.rest += line;
        reading_.take(from.rest, now);
        from.rest.clear();
      }
    }
    if (values_ != Values::Drifting) from.rest += bytes;
    if (complete() && !was_complete) report("complete");
    if (back_ && values_ == Values::Numbers) look_whether_caught_up(*back_);
  }

  void look_whether_caught_up(Return& back) {
    const auto now = SteadyClock::now();
    if (!back.first_line) back.first_line = now;
    const std::chrono::duration<double> since = now - *back.first_line;
    if (since < kBeforeLive || reading_.missing_before_newest() > kUnderWay) return;
    std::printf("caught_up lines=%llu seconds=%.3f\n",
                static_cast<unsigned long long>(lines_ - back.lines_before), since.count());
    std::fflush(stdout);
    back_.reset();
  }

  void report(const char* when) {
    const auto begin = first_byte_.value_or(SteadyClock::now());
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    const std::string read = values_ == Values::Drifting ? "" : reading_.report();
    std::printf("%s lines=%llu bytes=%llu resets=%llu seconds=%.3f cpu_seconds=%.3f%s\n", when,
                static_cast<unsigned long long>(lines_), static_cast<unsigned long long>(bytes_),
                static_cast<unsigned long long>(resets_), seconds, own_cpu_seconds(), read.c_str());
    std::fflush(stdout);
  }

  std::vector<std::string> addresses_;
  std::unordered_map<int, UniqueFd> listeners_;
  const std::uint64_t expected_;  ///< 0: no end
  const Values values_;
  Reading reading_;
  const UniqueFd epoll_;
  UniqueFd signals_;
  std::unordered_map<int, Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::optional<SteadyClock::time_point> first_byte_;
  std::optional<Return> back_;  ///< until it has caught up
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
  std::vector<std::string> addresses;
  std::uint64_t expected = 0;
  app.add_option("--listen", addresses,
                 "HOST:PORT, one or several; port 0: the kernel's choice, printed")
      ->required();
  app.add_option("--expect", expected,
                 "lines after which to report, and to end with the connections");
  Values values = Values::Drifting;
  app.add_option("--values", values,
                 "what values tell, as load_generator makes them: drifting: nothing; numbers: with "
                 "--expect, which lines are missing; times: how long lines were on their way")
      ->transform(CLI::CheckedTransformer(value_kinds()));
  CLI11_PARSE(app, count, arguments);

  raise_file_limit();
  CountingSink(addresses, expected, values).run();
}
