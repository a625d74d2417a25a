#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"

#include "log_backlog.h"

namespace carbon_spool {

/// What a run of `logster` leaves for the next one.
struct LogsterState {
  LogPlace place;
  std::int64_t started = 0;  ///< Unix seconds of that run
  std::string parser;        ///< what its parser saved
};

/// The file of it, which belongs to one run at a time. The lock is the kernel's: it ends with the
/// process that has it, however that ends.
class LogsterStateFile {
 public:
  /// `name`: without the folder. Makes the folder if it is missing. Fails if another run has it.
  [[nodiscard]] static Result<LogsterStateFile> open(const std::string& folder,
                                                     const std::string& name);

  /// None: there was no run before.
  [[nodiscard]] Result<std::optional<LogsterState>> read() const;

  /// All of it or nothing, and on the disk.
  [[nodiscard]] Result<void> write(const LogsterState& state) const;

 private:
  std::string path_;
  UniqueFd lock_;
};

}  // namespace carbon_spool
