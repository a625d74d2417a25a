#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace carbon_spool {

/// A copy of an open queue's folder as a kill would leave it: as of one moment, although the
/// queue's own threads may be at work.
inline void copy_at_rest(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  using Listing = std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>>;
  const auto list = [&] {
    Listing files;
    std::error_code gone;
    for (const auto& each : fs::directory_iterator(from)) {
      const auto size = each.file_size(gone);
      files[each.path()] = {size, each.last_write_time(gone)};
    }
    return files;
  };
  for (;;) {
    std::error_code failed;
    fs::remove_all(to);
    const Listing before = list();
    fs::copy(from, to, fs::copy_options::recursive, failed);
    if (!failed && list() == before) return;
  }
}

}  // namespace carbon_spool
