#include "logster_output.h"

#include <cerrno>
#include <iostream>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>

#include "carbon_spool/base/datagram_socket.h"
#include "carbon_spool/base/log.h"
#include "carbon_spool/output/delivery.h"
#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {
namespace {

constexpr Milliseconds kTimeout{10000};  ///< for which a peer may take nothing

std::string full_name(const LogsterNaming& naming, const std::string& name,
                      const std::string& separator) {
  std::string full;
  if (!naming.prefix.empty()) full += naming.prefix + separator;
  full += name;
  if (!naming.suffix.empty()) full += separator + naming.suffix;
  return full;
}

/// Fails also for an earlier one that the peer's machine has turned away meanwhile.
Result<void> send_datagram(const UniqueFd& socket, std::string_view datagram) {
  while (::send(socket.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return Error{std::generic_category().message(errno)};
  }
  return success();
}

/// host:port, as Logster prints an address.
std::string place_of(const Address& address) {
  return address.path.empty() ? address.host + ":" + std::to_string(address.port) : address.path;
}

class StdoutOutput final : public LogsterOutput {
 public:
  StdoutOutput(LogsterNaming naming, std::string separator)
      : naming_(std::move(naming)), separator_(std::move(separator)) {}

  Result<void> send(const std::vector<LogsterPoint>& points) override {
    for (const LogsterPoint& each : points) {
      std::cout << naming_.timestamp << ' ' << full_name(naming_, each.name, separator_) << ' '
                << each.value << '\n';
    }
    if (!std::cout.flush()) return Error{"standard output was closed"};
    return success();
  }

 private:
  const LogsterNaming naming_;
  const std::string separator_;
};

class GraphiteOutput final : public LogsterOutput {
 public:
  GraphiteOutput(LogsterNaming naming, Address address)
      : naming_(std::move(naming)), address_(std::move(address)) {}

  Result<void> send(const std::vector<LogsterPoint>& points) override {
    std::vector<std::string> lines;
    for (const LogsterPoint& each : points) {
      std::string line = good_line(each);
      if (!line.empty()) lines.push_back(std::move(line));
    }
    if (naming_.dry_run) {
      for (const std::string& each : lines) std::cout << place_of(address_) << ' ' << each << '\n';
      return success();
    }
    if (lines.empty()) return success();
    using enum Address::Transport;
    const bool is_stream = address_.transport == Tcp || address_.transport == UnixStream;
    return is_stream ? deliver(lines) : send_each(lines);
  }

 private:
  /// Empty: Graphite would refuse it, and it was said.
  std::string good_line(const LogsterPoint& point) {
    std::string line = full_name(naming_, point.name, ".") + " " + point.value + " " +
                       std::to_string(naming_.timestamp);
    RefusalCounts refused{};
    const auto now = static_cast<std::uint32_t>(naming_.timestamp);
    if (parse_line(line, room_, now, refused).points == 1) return line;
    std::cerr << "carbon-spool: refused: " << quote_for_log(line) << '\n';
    return {};
  }

  [[nodiscard]] Result<void> deliver(const std::vector<std::string>& lines) const {
    auto delivery = Delivery::connect(address_, kTimeout);
    if (!delivery) return delivery.error();
    std::string bytes;
    for (const std::string& each : lines) bytes += each + '\n';
    if (auto written = delivery.value()->write(bytes); !written) return written;
    return delivery.value()->confirm();
  }

  [[nodiscard]] Result<void> send_each(const std::vector<std::string>& lines) const {
    auto socket = connect_datagrams(address_);
    if (!socket) return socket.error().in(to_string(address_));
    for (const std::string& each : lines) {
      if (auto sent = send_datagram(socket.value(), each + '\n'); !sent) {
        return sent.error().in(to_string(address_));
      }
    }
    return success();
  }

  const LogsterNaming naming_;
  const Address address_;
  std::string room_ = std::string(kMaxLineBytes + kMaxStampBytes, '\0');
};

class StatsdOutput final : public LogsterOutput {
 public:
  StatsdOutput(LogsterNaming naming, Address address)
      : naming_(std::move(naming)), address_(std::move(address)) {}

  Result<void> send(const std::vector<LogsterPoint>& points) override {
    UniqueFd socket;
    if (!naming_.dry_run) {
      auto connected = connect_datagrams(address_);
      if (!connected) return connected.error().in(to_string(address_));
      socket = std::move(connected.value());
    }
    for (const LogsterPoint& each : points) {
      const std::string packet = full_name(naming_, each.name, ".") + ":" + each.value + "|g";
      if (naming_.dry_run) {
        std::cout << place_of(address_) << ' ' << packet << '\n';
      } else if (auto sent = send_datagram(socket, packet); !sent) {
        return sent.error().in(to_string(address_));
      }
    }
    return success();
  }

 private:
  const LogsterNaming naming_;
  const Address address_;
};

}  // namespace

std::unique_ptr<LogsterOutput> make_stdout_output(LogsterNaming naming, std::string separator) {
  return std::make_unique<StdoutOutput>(std::move(naming), std::move(separator));
}

std::unique_ptr<LogsterOutput> make_graphite_output(LogsterNaming naming, Address address) {
  return std::make_unique<GraphiteOutput>(std::move(naming), std::move(address));
}

std::unique_ptr<LogsterOutput> make_statsd_output(LogsterNaming naming, Address address) {
  return std::make_unique<StatsdOutput>(std::move(naming), std::move(address));
}

}  // namespace carbon_spool
