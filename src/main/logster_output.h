#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// What a run has to say: a parser's name and value.
struct LogsterPoint {
  std::string name;
  std::string value;
};

/// What all outputs are told.
struct LogsterNaming {
  std::string prefix;  ///< these two empty: none
  std::string suffix;
  std::int64_t timestamp = 0;  ///< Unix seconds
  bool dry_run = false;        ///< print what would be sent
};

/// Where points go.
class LogsterOutput {
 public:
  virtual ~LogsterOutput() = default;
  /// Success: they have arrived, as far as that can be known.
  [[nodiscard]] virtual Result<void> send(const std::vector<LogsterPoint>& points) = 0;
};

/// `TIMESTAMP NAME VALUE` on standard output; `separator` is between prefix, name and suffix.
[[nodiscard]] std::unique_ptr<LogsterOutput> make_stdout_output(LogsterNaming naming,
                                                                std::string separator);

/// Graphite's lines. Over tcp:// and unix:// they have arrived if the peer has confirmed them.
[[nodiscard]] std::unique_ptr<LogsterOutput> make_graphite_output(LogsterNaming naming,
                                                                  Address address);

/// A gauge in a datagram each; nothing tells whether they arrive.
[[nodiscard]] std::unique_ptr<LogsterOutput> make_statsd_output(LogsterNaming naming,
                                                                Address address);

}  // namespace carbon_spool
