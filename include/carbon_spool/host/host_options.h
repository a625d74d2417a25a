#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/host/hostname.h"

namespace carbon_spool {

/// What Diamond's collectors are called by here: the last element of the names that they make, but
/// for `files` (Diamond's FilesCollector), whose names are those in its files, and `filestat`,
/// which makes `files.*`, as Diamond has it.
enum class CollectorKind : std::uint8_t {
  Cpu,
  Diskspace,
  Files,
  Filestat,
  Iostat,
  Loadavg,
  Memory,
  Mountstats,
  Network,
  Nfs,
  Sockets,
  Tcp,
  Udp,
  Uptime,
  Vmstat,
};

inline constexpr std::size_t kCollectorKinds = 15;

/// As the configuration writes it: `cpu`, …
[[nodiscard]] std::string_view name_of(CollectorKind kind);
[[nodiscard]] std::optional<CollectorKind> collector_named(std::string_view name);

/// What every collector has.
struct CollectorOptions {
  std::string path;  ///< put before its names; empty or ".": nothing is
  /// RE2, matched from the start of a name, the part behind `path`: only names that one matches,
  std::vector<std::string> allow;
  std::vector<std::string> deny;  ///< … and none that one of these matches.

  friend bool operator==(const CollectorOptions&, const CollectorOptions&) = default;
};

/// What single collectors have, under their Diamond names and with Diamond's defaults. Units are
/// those of `is_byte_unit`; they are part of the names that are made.
struct CpuOptions {
  bool percore = true;     ///< each core beside the total
  bool normalize = false;  ///< the total divided by the number of cores
  bool simple = false;     ///< nothing but `percent`: the share that was not idle

  friend bool operator==(const CpuOptions&, const CpuOptions&) = default;
};

struct DiskspaceOptions {
  std::vector<std::string> filesystems = {"ext2", "ext3", "ext4", "xfs",   "glusterfs", "nfs",
                                          "nfs4", "ntfs", "hfs",  "fat32", "fat16",     "btrfs"};
  std::vector<std::string> exclude_filters = {"^/export/home"};  ///< RE2, found in a mount point
  std::vector<std::string> byte_unit = {"byte"};

  friend bool operator==(const DiskspaceOptions&, const DiskspaceOptions&) = default;
};

struct FilesOptions {
  std::string dir = "/tmp/diamond";  ///< below the root
  bool remove = false;               ///< `delete`: files in which something was found

  friend bool operator==(const FilesOptions&, const FilesOptions&) = default;
};

struct IostatOptions {
  /// RE2, matched from the start.
  std::string devices =
      "PhysicalDrive[0-9]+$|md[0-9]+$|sd[a-z]+[0-9]*$|x?vd[a-z]+[0-9]*$|disk[0-9]+$"
      "|nvme[0-9]+n[0-9]+(p[0-9]+)?$|dm-[0-9]+$";
  std::vector<std::string> byte_unit = {"byte"};
  bool send_zero = false;  ///< devices without any request, too

  friend bool operator==(const IostatOptions&, const IostatOptions&) = default;
};

struct MemoryOptions {
  std::string byte_unit = "byte";
  bool detailed = false;  ///< every line of the file that has a unit

  friend bool operator==(const MemoryOptions&, const MemoryOptions&) = default;
};

struct MountstatsOptions {
  /// RE2, matched from the start of mount points.
  std::vector<std::string> exclude_filters;
  std::vector<std::string> include_filters;  ///< none: all

  friend bool operator==(const MountstatsOptions&, const MountstatsOptions&) = default;
};

struct NetworkOptions {
  std::vector<std::string> interfaces = {"eth", "bond", "em", "p1p", "eno", "enp", "ens", "enx"};
  bool greedy = true;  ///< anything may follow them
  std::vector<std::string> byte_unit = {"bit", "byte"};

  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

/// What of a protocol's counters is taken.
struct ProtocolOptions {
  std::vector<std::string> allowed_names;  ///< none: all

  friend bool operator==(const ProtocolOptions&, const ProtocolOptions&) = default;
};

struct HostOptions {
  HostOptions();

  [[nodiscard]] CollectorOptions& of(CollectorKind kind) {
    return common[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const CollectorOptions& of(CollectorKind kind) const {
    return common[static_cast<std::size_t>(kind)];
  }

  /// Names are `prefix.hostname.suffix.path.name`; what is empty is left out.
  std::string prefix = "servers";
  std::string suffix;
  HostnameOptions hostname;
  std::string root = "/";  ///< the folder that /proc, /dev and mount points are below
  std::vector<CollectorKind> collectors;  ///< that are on; by default Diamond 3.4's, and network

  std::array<CollectorOptions, kCollectorKinds> common;  ///< by kind
  CpuOptions cpu;
  DiskspaceOptions diskspace;
  FilesOptions files;
  IostatOptions iostat;
  bool simple_loadavg = false;  ///< `load` and `load_normalized` in place of the six averages
  MemoryOptions memory;
  MountstatsOptions mountstats;
  NetworkOptions network;
  ProtocolOptions tcp;
  ProtocolOptions udp;

  friend bool operator==(const HostOptions&, const HostOptions&) = default;
};

/// Whether Diamond knows that unit: `bit`, `byte`, `kilobyte`, `kB`, `MiB`, …
[[nodiscard]] bool is_byte_unit(std::string_view unit);

/// What is wrong with an expression; none: nothing.
[[nodiscard]] std::optional<std::string> fault_in_expression(const std::string& expression);

}  // namespace carbon_spool
