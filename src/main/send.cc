// carbon-spool send: points, or packets for StatsD, from scripts and cron jobs, and whether they
// were confirmed.

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/datagram_socket.h"
#include "carbon_spool/base/log.h"
#include "carbon_spool/output/delivery.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "commands.h"
#include "fail.h"
#include "local_listener.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// Lines are gathered to so much for a write to a stream, and for a datagram, which is to fit into
/// one packet of any network (1500 bytes less headers of IPv6 and UDP, and some for tunnels).
constexpr std::size_t kStreamBytes = std::size_t{64} << 10;
constexpr std::size_t kDatagramBytes = 1400;

/// The way to the peer. Connects with the first line, so that nothing is asked of it for nothing.
class Way {
 public:
  Way(Address to, Milliseconds timeout) : to_(std::move(to)), timeout_(timeout) {
    using enum Address::Transport;
    is_stream_ = to_.transport == Tcp || to_.transport == UnixStream;
  }

  /// `line`: without LF.
  [[nodiscard]] Result<void> add(std::string_view line) {
    const std::size_t most = is_stream_ ? kStreamBytes : kDatagramBytes;
    if (!gathered_.empty() && gathered_.size() + line.size() + 1 > most) {
      if (auto written = write_out(); !written) return written;
    }
    gathered_.append(line) += '\n';
    return success();
  }

  [[nodiscard]] Result<void> finish() {
    if (!gathered_.empty()) {
      if (auto written = write_out(); !written) return written;
    }
    return stream_ ? stream_->confirm() : success();
  }

 private:
  [[nodiscard]] Result<void> write_out() {
    const std::string lines = std::exchange(gathered_, {});
    if (is_stream_) {
      if (!stream_) {
        auto connected = Delivery::connect(to_, timeout_);
        if (!connected) return connected.error();
        stream_ = std::move(connected.value());
      }
      return stream_->write(lines);
    }
    if (!datagrams_) {
      auto connected = connect_datagrams(to_);
      if (!connected) return connected.error().in(to_string(to_));
      datagrams_ = std::move(connected.value());
    }
    return send_datagram(lines);
  }

  /// Fails also for an earlier one that the peer's machine has turned away meanwhile.
  [[nodiscard]] Result<void> send_datagram(std::string_view datagram) const {
    while (::send(datagrams_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
      if (errno != EINTR) return Error{std::generic_category().message(errno)};
    }
    return success();
  }

  const Address to_;
  const Milliseconds timeout_;
  bool is_stream_ = false;
  std::string gathered_;
  std::unique_ptr<Delivery> stream_;
  UniqueFd datagrams_;
};

/// Checks lines and sends the good ones; names the others on standard error.
class Sending {
 public:
  Sending(const SendArguments& arguments, Way way)
      : is_statsd_(arguments.statsd), way_(std::move(way)) {}

  /// `place`: where the line is, for a person. False: the way is broken.
  [[nodiscard]] bool take(std::string_view line, const std::string& place) {
    const std::string_view wanted = is_statsd_ ? packet(line) : point(line);
    if (wanted.empty()) {
      any_bad_ = true;
      std::cerr << "carbon-spool: " << place << ": refused (" << reason_
                << "): " << quote_for_log(line) << '\n';
      return true;
    }
    any_good_ = true;
    return hold_to(way_.add(wanted));
  }

  [[nodiscard]] int finish() {
    if (!is_broken_ && !any_good_) std::cerr << "carbon-spool: there was nothing to send\n";
    if (is_broken_ || !hold_to(way_.finish()) || any_bad_) return kExitNeedsALook;
    return kExitGood;
  }

 private:
  /// The line as it is to be sent; empty: it is refused.
  [[nodiscard]] std::string_view point(std::string_view line) {
    RefusalCounts refused{};
    const ParsedLines parsed = parse_line(line, room_, now_, refused);
    if (parsed.points == 1) return {room_.data(), parsed.written - 1};
    for (std::size_t i = 0; i < refused.size(); ++i) {
      if (refused[i] > 0) reason_ = name_of(static_cast<Refusal>(i));
    }
    return {};
  }
  [[nodiscard]] std::string_view packet(std::string_view line) {
    reason_ = line.empty() ? "empty" : "more than one line";
    return line.find('\n') == line.npos ? line : std::string_view();
  }

  bool hold_to(const Result<void>& outcome) {
    if (outcome) return true;
    is_broken_ = true;
    std::cerr << "carbon-spool: not confirmed: " << outcome.error().message << '\n';
    return false;
  }

  const bool is_statsd_;
  const std::uint32_t now_ = static_cast<std::uint32_t>(system_clock().unix_seconds());
  std::string room_ = std::string(kMaxLineBytes + kMaxStampBytes, '\0');
  Way way_;
  std::string_view reason_;
  bool any_good_ = false;
  bool any_bad_ = false;
  bool is_broken_ = false;
};

/// An address begins with a word and `://`; that of a tag in a point or packet has more before it.
bool begins_with_transport(std::string_view text) {
  const std::size_t word = text.find("://");
  return word != text.npos && std::ranges::all_of(text.substr(0, word), [](char letter) {
           return letter >= 'a' && letter <= 'z';
         });
}

/// Takes the address off the front of what was given, or from the configuration. None: there is no
/// usable one, and it was said why.
std::optional<Address> address_for(const SendArguments& arguments,
                                   std::span<const std::string>& lines) {
  const bool is_given =
      !lines.empty() && (begins_with_transport(lines.front()) ||
                         (!arguments.statsd && lines.front().find(' ') == std::string::npos));
  if (is_given) {
    Result<Address> address = parse_address(lines.front());
    lines = lines.subspan(1);
    if (address) return address.value();
    std::cerr << "carbon-spool: " << address.error().message << '\n';
    return std::nullopt;
  }
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return std::nullopt;
  std::optional<Address> address =
      listener_of(*config, arguments.statsd ? InputType::Statsd : InputType::Graphite);
  if (!address) {
    std::cerr << "carbon-spool: " << arguments.config_file << ": no "
              << (arguments.statsd ? "StatsD" : "plaintext")
              << " input with a fixed address; expected an address\n";
  }
  return address;
}

}  // namespace

int send_points(const SendArguments& arguments) {
  std::span<const std::string> lines = arguments.address_and_lines;
  const auto timeout = parse_duration(arguments.timeout);
  if (!timeout || timeout.value() <= Milliseconds::zero()) {
    return fail(
        "--timeout: expected a duration, such as \"10s\", found \"" + arguments.timeout + "\"",
        kExitBadUsage);
  }
  const std::optional<Address> to = address_for(arguments, lines);
  if (!to) return kExitBadUsage;

  Sending sending(arguments, Way(*to, timeout.value()));
  bool goes_on = true;
  for (std::size_t i = 0; goes_on && i < lines.size(); ++i) {
    goes_on = sending.take(lines[i], "argument " + std::to_string(i + 1));
  }
  if (lines.empty()) {
    std::string line;
    for (std::size_t number = 1; goes_on && std::getline(std::cin, line); ++number) {
      goes_on = sending.take(line, "line " + std::to_string(number));
    }
  }
  return sending.finish();
}

}  // namespace carbon_spool
