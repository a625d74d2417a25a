#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// The folder that a machine's files are below: `/`, or where a container has those of its host.
class HostRoot {
 public:
  explicit HostRoot(const std::string& folder);

  /// `/proc/stat` as it is named from here.
  [[nodiscard]] std::string path_of(std::string_view path) const {
    return folder_ + std::string(path);
  }

  /// The whole file, such as `/proc/stat`, at most 4 MiB of it.
  [[nodiscard]] Result<std::string> read(std::string_view path) const;

  /// `net/dev` of the machine's first process, where the root is that of another than this one: in
  /// `/proc/net` each process sees its own network. Else, or if that cannot be read, the file
  /// itself.
  [[nodiscard]] Result<std::string> read_of_process(std::string_view name) const;

  /// The names in a folder, in order; none if it cannot be read.
  [[nodiscard]] std::vector<std::string> names_in(std::string_view path) const;

  /// What a symbolic link is to, as an absolute path below the root; empty: it is none.
  [[nodiscard]] std::string link_target(std::string_view path) const;

 private:
  const std::string folder_;  ///< without a slash at its end; empty: `/`
};

}  // namespace carbon_spool
