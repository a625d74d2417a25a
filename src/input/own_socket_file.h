#pragma once

#include <string>

#include <sys/types.h>

namespace carbon_spool {

/// The file of a Unix socket that we bound. Removes it when it goes, unless somebody else has put
/// another in its place meanwhile.
class OwnSocketFile {
 public:
  /// For the file that `bind` has just made.
  explicit OwnSocketFile(std::string path);
  ~OwnSocketFile();
  OwnSocketFile(OwnSocketFile&& other) noexcept;
  OwnSocketFile& operator=(OwnSocketFile&&) = delete;

 private:
  std::string path_;  ///< empty: nothing to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace carbon_spool
