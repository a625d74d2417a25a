#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/statsd/statsd_aggregator.h"
#include "carbon_spool/statsd/statsd_flush.h"

namespace carbon_spool {

/// The management console: commands of a line each, and the replies that StatsD gives
/// (`lib/mgmt_server.js`, `stats.js`); `sets` is ours. Threads: any.
class StatsdConsole {
 public:
  /// Each call makes the next piece of a reply, an empty one ends it: whatever its length, little
  /// of it is in memory. What changes while a list is shown may be in it or not.
  using Pieces = std::function<std::string()>;

  struct Reply {
    Pieces next_piece;
    bool close = false;  ///< the connection is to be closed after it
  };

  /// `last_flush` tells how the last flush went, from any thread. `listen_lines` come first in what
  /// `config` shows. The aggregator must outlive the console and its replies.
  StatsdConsole(StatsdAggregator& aggregator, std::function<StatsdFlushStats()> last_flush,
                std::vector<std::string> listen_lines, const Clock& clock = system_clock());

  [[nodiscard]] Reply reply(std::string_view line);

 private:
  [[nodiscard]] std::string health(const std::vector<std::string_view>& arguments);
  [[nodiscard]] std::string stats() const;
  [[nodiscard]] std::string config() const;

  StatsdAggregator& aggregator_;
  const std::function<StatsdFlushStats()> last_flush_;
  const std::vector<std::string> listen_lines_;
  const Clock& clock_;
  const UnixSeconds started_;
  std::atomic<bool> healthy_{true};
};

}  // namespace carbon_spool
