#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carbon_spool {

/// The commands of the program, one file each; main.cc turns the command line into their arguments.
/// Each returns the program's exit code.

inline constexpr int kExitGood = 0;
inline constexpr int kExitNeedsALook = 1;  ///< of `status`; of others: it did not work out
inline constexpr int kExitBadUsage = 2;    ///< or a bad configuration
inline constexpr int kExitNotRunning = 3;  ///< of `status`; wins over kExitNeedsALook

inline constexpr const char* kDefaultConfigFile = "/etc/carbon-spool/carbon-spool.toml";

struct RunArguments {
  std::string config_file = kDefaultConfigFile;
};
[[nodiscard]] int run_daemon(const RunArguments& arguments);

struct CheckArguments {
  std::string config_file = kDefaultConfigFile;
  bool connect = false;  ///< also try every destination
};
[[nodiscard]] int check_config(const CheckArguments& arguments);

struct StatusArguments {
  std::string config_file = kDefaultConfigFile;
  bool json = false;
  bool watch = false;  ///< again every second until interrupted
};
[[nodiscard]] int show_status(const StatusArguments& arguments);

struct RouteArguments {
  std::string config_file = kDefaultConfigFile;
  std::vector<std::string> names;  ///< none: those on standard input, one a line
};
[[nodiscard]] int route_names(const RouteArguments& arguments);

struct ImportArguments {
  std::string file;  ///< of carbon-c-relay
};
[[nodiscard]] int import_config(const ImportArguments& arguments);

/// Which of the points that wait.
struct WaitingArguments {
  std::string config_file = kDefaultConfigFile;
  std::string destination;  ///< empty: of any
  std::string path;         ///< these three as PointFilter reads them
  std::string from;
  std::string until;
};
struct PeekArguments {
  WaitingArguments waiting;
  std::uint64_t limit = 10;  ///< points to show
};
[[nodiscard]] int peek_queue(const PeekArguments& arguments);
[[nodiscard]] int export_queue(const WaitingArguments& arguments);

struct VerifyArguments {
  std::string config_file = kDefaultConfigFile;
};
[[nodiscard]] int verify_queue(const VerifyArguments& arguments);

struct PurgeArguments {
  std::string config_file = kDefaultConfigFile;
  std::string destination;
  bool all = false;        ///< of all destinations
  std::string older_than;  ///< a duration; empty: whatever the age
  bool yes = false;        ///< do not ask
};
[[nodiscard]] int purge_queue(const PurgeArguments& arguments);

struct AdoptArguments {
  std::string config_file = kDefaultConfigFile;
  std::string orphan;
  std::string destination;
};
[[nodiscard]] int adopt_position(const AdoptArguments& arguments);

struct SendArguments {
  std::string config_file = kDefaultConfigFile;
  /// Points or packets, one each, which an address may stand in front of; no line: those on
  /// standard input.
  std::vector<std::string> address_and_lines;
  bool statsd = false;          ///< they are StatsD's, and sent as they are
  std::string timeout = "10s";  ///< how long the peer may take nothing
};
[[nodiscard]] int send_points(const SendArguments& arguments);

struct LogsterArguments {
  std::string config_file = kDefaultConfigFile;
  std::string parser;  ///< Logster's name of it, or ours
  std::string file;
  std::string parser_options;
  std::string prefix;
  std::string suffix;
  std::string state_folder = "/var/run";
  std::vector<std::string> outputs;  ///< `stdout`, `graphite`, `statsd`
  std::string stdout_separator = "_";
  std::string graphite_host;  ///< host:port; empty: the daemon
  std::string graphite_protocol = "tcp";
  std::string statsd_host;
  bool dry_run = false;
};
[[nodiscard]] int run_logster(const LogsterArguments& arguments);

struct TailArguments {
  std::string config_file = kDefaultConfigFile;
  std::string input;              ///< its name; empty: the only one that follows files
  std::vector<std::string> logs;  ///< in place of its files
  bool dry_run = false;
};
[[nodiscard]] int tail(const TailArguments& arguments);

struct WatchStatsdArguments {
  std::string config_file = kDefaultConfigFile;
  std::string pattern;  ///< of names
};
[[nodiscard]] int watch_statsd(const WatchStatsdArguments& arguments);

struct EventArguments {
  std::string config_file = kDefaultConfigFile;
  std::string what;
  std::vector<std::string> tags;
  std::string data;
  std::string when;  ///< Unix seconds, perhaps with a fraction; empty: when the daemon takes it
};
[[nodiscard]] int hand_over_event(const EventArguments& arguments);

struct ReceiveArguments {
  std::vector<std::string> listen;  ///< addresses, as `parse_address` reads them
  bool count = false;               ///< print how many lines came, not the lines
};
[[nodiscard]] int receive(const ReceiveArguments& arguments);

}  // namespace carbon_spool
