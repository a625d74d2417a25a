#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// How the element of metric names that says where they come from is found. Diamond's methods
/// (source: its `collector.py`).
enum class HostnameMethod : std::uint8_t {
  Smart,          ///< `fqdn_short`, or `hostname_short` if that is `localhost`
  FqdnShort,      ///< the fully qualified name's first label
  Fqdn,           ///< `_` for each dot
  FqdnRev,        ///< `com.example.www`
  UnameShort,     ///< of `uname -n`
  UnameRev,       ///< of `uname -n`
  Hostname,       ///< as it is
  HostnameShort,  ///< its first label
  HostnameRev,
  Shell,  ///< what the command prints
  None,   ///< there is no such element
};

/// As the configuration writes it: `smart`, `fqdn_short`, …
[[nodiscard]] std::string_view name_of(HostnameMethod method);
/// Upper and lower case are the same.
[[nodiscard]] std::optional<HostnameMethod> hostname_method_named(std::string_view name);

struct HostnameOptions {
  HostnameMethod method = HostnameMethod::Smart;
  /// If not empty, takes the place of every method's answer, but that of `shell`, whose command it
  /// is.
  std::string hostname;

  friend bool operator==(const HostnameOptions&, const HostnameOptions&) = default;
};

/// Whom methods ask.
struct HostNames {
  std::function<std::string()> hostname;  ///< gethostname()
  std::function<std::string()> uname;     ///< the node name
  std::function<std::string()> fqdn;      ///< may ask a name server, and wait for it
  /// Runs a command with /bin/sh; what it printed, or why it failed.
  std::function<Result<std::string>(const std::string& command)> run;
};

/// Those of this machine.
[[nodiscard]] HostNames names_of_this_machine();

/// The element; empty with `None` alone. Fails on an answer that is empty, or no part of a metric
/// name. May block as `names` does. Threads: any.
[[nodiscard]] Result<std::string> find_hostname(const HostnameOptions& options,
                                                const HostNames& names = names_of_this_machine());

}  // namespace carbon_spool
