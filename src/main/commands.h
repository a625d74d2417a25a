#pragma once

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

struct ReceiveArguments {
  std::vector<std::string> listen;  ///< addresses, as `parse_address` reads them
  bool count = false;               ///< print how many lines came, not the lines
};
[[nodiscard]] int receive(const ReceiveArguments& arguments);

}  // namespace carbon_spool
