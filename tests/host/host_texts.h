#pragma once

#include <string>

namespace carbon_spool {

// Parts of what the kernel says of itself.

/// A line of /proc/net/dev; `received`, `sent`: bytes and packets.
inline std::string interface(const std::string& name, const std::string& received,
                             const std::string& sent) {
  return name + ": " + received + " 0 0 0 0 0 0 " + sent + " 0 0 0 0 0 0\n";
}

/// A mount of /proc/self/mountstats; `lines`: what follows about it.
inline std::string nfs_mount(const std::string& lines, const std::string& point = "/mnt/nfs.a") {
  return "device 10.0.0.2:/vol mounted on " + point + " with fstype nfs statvers=1.1\n" + lines;
}

}  // namespace carbon_spool
