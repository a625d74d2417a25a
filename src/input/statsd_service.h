#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "carbon_spool/base/result.h"
#include "carbon_spool/input/input.h"
#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_console.h"

#include "statsd_console_server.h"
#include "statsd_flusher.h"
#include "statsd_repeater.h"

namespace carbon_spool {

struct InputState;

/// What a StatsD input has beside its sockets: where its packets go, and a thread, `statsd`, for
/// its flushes and its console. So neither a long flush nor a sink that takes nothing holds up an
/// ingest thread.
class StatsdService {
 public:
  /// Binds the console's address.
  [[nodiscard]] static Result<std::unique_ptr<StatsdService>> prepare(
      const StatsdInputOptions& options, InputState& input);
  ~StatsdService();

  /// Takes up what was kept and starts the thread. Once, before the first packet.
  void begin();

  /// A packet. Any thread.
  StatsdRefused take(std::string_view packet) {
    repeater_.send(packet);
    return aggregator_.take(packet);
  }

  [[nodiscard]] StatsdWatch& watch() { return aggregator_.watch(); }

  /// Where the console listens, with the ports that the kernel chose.
  [[nodiscard]] const std::vector<Address>& console() const { return console_at_; }

  /// Closes the console, flushes what is open and ends the thread, if it was begun. Once nothing
  /// comes any more.
  void stop();

 private:
  StatsdService(const StatsdInputOptions& options, InputState& input);
  [[nodiscard]] Result<void> bind_console();
  void run();
  void tick();
  void connect_repeater_if_due();

  const StatsdInputOptions options_;
  InputState& input_;
  StatsdAggregator aggregator_;
  StatsdFlusher flusher_;
  StatsdRepeater repeater_;
  std::vector<BoundSocket> console_sockets_;  ///< until `begin`
  std::vector<Address> console_at_;

  // Of the thread once it runs.
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  std::optional<StatsdConsole> console_;
  std::optional<StatsdConsoleServer> console_server_;
  std::chrono::steady_clock::time_point connect_at_{};
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace carbon_spool
