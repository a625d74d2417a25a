#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "carbon_spool/base/unique_fd.h"
#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// Wakes somebody when files are written or renamed (inotify). Where the kernel has no watches
/// left, or the file system tells nothing (NFS), there are no wakings: look from time to time as
/// well. Threads: one; `wake` any.
class FileWatch {
 public:
  FileWatch();

  /// Files that come, go and get other names in these wake, and so on until the next call.
  void watch_folders(const std::set<std::string>& folders);
  /// The next change of each of these wakes, once. So a busy file costs its writer nothing.
  void watch_once(const std::vector<std::string>& files);

  void wake();

  /// Waits for at most that long. True: something came, went or got another name.
  [[nodiscard]] bool wait(Milliseconds most);

 private:
  [[nodiscard]] bool drain();

  UniqueFd inotify_;
  UniqueFd wake_;
  std::map<std::string, int> folders_;
  std::map<std::string, int> files_;  ///< whose watch has not fired
};

}  // namespace carbon_spool
