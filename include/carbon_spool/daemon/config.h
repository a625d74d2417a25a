#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/log.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/input/input.h"
#include "carbon_spool/output/event_sender.h"
#include "carbon_spool/output/graphite_sender.h"
#include "carbon_spool/queue/queue.h"
#include "carbon_spool/route/routing_table.h"

namespace carbon_spool {

/// One `[[destination]]`.
struct DestinationConfig {
  SenderOptions sender;
  ReaderOptions reader;
  std::string prefix;    ///< put before every name sent there
  std::string instance;  ///< its name in rings
};

/// One `[[destination]]` of events.
struct EventDestinationConfig {
  EventSenderOptions sender;
  ReaderOptions reader;
};

[[nodiscard]] inline QueueOptions default_queue() {
  QueueOptions queue;
  queue.path = "/var/lib/carbon-spool";
  return queue;
}

/// The whole configuration, every key with its default. The TOML is known to config.cc alone; what
/// each key means is told in conf/carbon-spool.toml, which a test compares with these defaults.
struct Config {
  QueueOptions queue = default_queue();
  std::vector<InputOptions> inputs;
  std::vector<DestinationConfig> destinations;  ///< of points
  std::vector<EventDestinationConfig> event_destinations;
  /// Who gets which points; its destinations are those above, in their order. Null: all of them get
  /// all; so it is in a configuration that has errors, too.
  std::shared_ptr<const RoutingTable> routing;
  std::uint32_t threads = 1;
  Milliseconds shutdown_timeout{10'000};
  std::string admin_socket = "/run/carbon-spool/admin.sock";
  LogLevel log_level = LogLevel::Info;
};

/// What the queue of events may take of `queue.max_size`, and what is the least for both.
inline constexpr std::uint64_t kEventQueueSize = kMinQueueSize;
inline constexpr std::uint64_t kMinSizeWithEvents = kMinQueueSize + kEventQueueSize;

/// Whether anything of the configuration takes or delivers events.
[[nodiscard]] bool uses_events(const Config& config);
/// Whether there is a queue of events to be opened beside that of points.
[[nodiscard]] bool has_event_queue(const Config& config);
/// What each of the two is opened with: both together keep within `queue.max_size`.
[[nodiscard]] QueueOptions point_queue(const Config& config, bool beside_events);
[[nodiscard]] QueueOptions event_queue(const Config& config);

/// What `confirm_bytes` comes to: a sixteenth of the cap at most, so that what is unconfirmed never
/// takes much of the queue.
[[nodiscard]] std::uint64_t confirm_bytes_in_force(const QueueOptions& queue,
                                                   const SenderOptions& sender);

/// Where and why a configuration cannot be used.
struct ConfigError {
  std::string file;
  std::size_t line = 0;  ///< from 1; 0: the file as a whole
  std::string key;       ///< as `destination[0].address`, or "queue.max_size"; empty: none
  std::string message;   ///< what was expected, and what was found
};

/// `file:line: key: message`
[[nodiscard]] std::string to_string(const ConfigError& error);

/// Either a configuration, or every error there is (of syntax errors the first).
struct LoadedConfig {
  Config config;
  std::vector<ConfigError> errors;  ///< empty: `config` may be used
};

[[nodiscard]] LoadedConfig load_config(const std::string& file);
[[nodiscard]] LoadedConfig parse_config(std::string_view text, const std::string& file);

/// A folder of the configuration that cannot be made or written.
struct FolderProblem {
  std::string sentence;   ///< with the key to set
  bool may_pass = false;  ///< the daemon can begin without it: the queue's, until it may be written
};

/// Changes nothing.
[[nodiscard]] std::vector<FolderProblem> check_folders(const Config& config);

/// Every key there is, as `queue.max_size`, and every table.
[[nodiscard]] std::set<std::string> known_config_keys();

/// What `check` prints: the configuration as it was understood, for a person.
[[nodiscard]] std::string describe(const Config& config);

}  // namespace carbon_spool
