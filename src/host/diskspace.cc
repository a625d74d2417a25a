#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "byte_units.h"
#include "collector.h"
#include "expressions.h"
#include "fields.h"
#include "file_system_space.h"

namespace carbon_spool {
namespace {

struct Mount {
  std::string device;
  std::string point;
  std::string type;
};

/// The kernel writes blanks, backslashes and the like as `\040`.
std::string without_escapes(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto code = field.substr(i, 4);
    const bool escaped =
        code.size() == 4 && code[0] == '\\' &&
        std::ranges::all_of(code.substr(1), [](char c) { return c >= '0' && c <= '7'; });
    if (!escaped) {
      text += field[i];
      continue;
    }
    text += static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + (code[3] - '0'));
    i += 3;
  }
  return text;
}

bool is_below(std::string_view point, std::string_view folder) {
  return point.starts_with(folder) &&
         (point.size() == folder.size() || point[folder.size()] == '/');
}

/// Those that another machine answers for, or a program.
bool is_of_network(const Mount& mount) {
  static constexpr std::array<std::string_view, 3> kTypes = {"nfs", "nfs4", "glusterfs"};
  return std::ranges::find(kTypes, mount.type) != kTypes.end() || mount.type.starts_with("fuse") ||
         mount.device.find(':') != std::string::npos;
}

/// Of the mount point as the kernel writes it.
std::string name_of_mount(std::string_view point) {
  std::string name;
  for (const char each : point) {
    if (each == '\\') continue;
    name += each == '/' || each == '.' ? '_' : each;
  }
  if (name == "_") return "root";
  return name == "_tmp" ? "tmp" : name;
}

class Diskspace final : public Collector {
 public:
  explicit Diskspace(const DiskspaceOptions& options)
      : options_(options), exclude_(options.exclude_filters) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read_of_process("mounts");
    if (!text) return text.error();
    std::vector<Mount> mounts = wanted_mounts(text.value());
    const auto labels = labels_of_devices(sample.root);
    Result<void> all = success();
    std::set<dev_t> seen;
    const auto spaces = ask_all(mounts, sample.root);
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      if (!spaces[i]) {
        all = Error{mounts[i].point + ": the file system does not answer"};
      } else if (seen.insert(spaces[i]->device).second) {
        const auto label = labels.find(mounts[i].device);
        const bool has_label = label != labels.end();
        add(has_label ? label->second : name_of_mount(mounts[i].point), spaces[i]->numbers, sample);
      }
    }
    return all;
  }

 private:
  [[nodiscard]] std::vector<Mount> wanted_mounts(std::string_view text) const {
    std::vector<Mount> mounts;
    for_each_line(text, [&](std::string_view line) {
      const auto fields = fields_of(line);
      if (fields.size() < 3) return;
      const std::string_view device = fields[0];
      const std::string_view point = fields[1];
      if (std::ranges::find(options_.filesystems, fields[2]) == options_.filesystems.end()) return;
      if (exclude_.found_in(point) || !point.starts_with('/')) return;
      if (is_below(point, "/dev") || is_below(point, "/proc") || is_below(point, "/sys")) return;
      if (device != "tmpfs" && device.find_first_of("/:") == std::string_view::npos) return;
      mounts.push_back({std::string(device), std::string(point), std::string(fields[2])});
    });
    return mounts;
  }

  static std::map<std::string, std::string> labels_of_devices(const HostRoot& root) {
    const std::string folder = "/dev/disk/by-label/";
    std::map<std::string, std::string> labels;
    for (const std::string& label : root.names_in(folder)) {
      const std::string device = root.link_target(folder + label);
      if (!device.empty()) labels[device] = label;
    }
    return labels;
  }

  static std::vector<std::optional<FileSystemSpace>> ask_all(const std::vector<Mount>& mounts,
                                                             const HostRoot& root) {
    std::vector<std::optional<FileSystemSpace>> spaces(mounts.size());
    std::vector<std::size_t> of_network;
    std::vector<std::string> points_of_network;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      const std::string point = root.path_of(without_escapes(mounts[i].point));
      if (is_of_network(mounts[i])) {
        of_network.push_back(i);
        points_of_network.push_back(point);
      } else {
        spaces[i] = ask_file_system(point);
      }
    }
    const auto answers = ask_network_file_systems(points_of_network);
    for (std::size_t i = 0; i < of_network.size(); ++i) spaces[of_network[i]] = answers[i];
    return spaces;
  }

  void add(const std::string& name, const struct statvfs& space, Sample& sample) const {
    const auto percent = [](auto part, auto whole) {
      return 100 * static_cast<double>(part) / static_cast<double>(whole);
    };
    const auto size = static_cast<double>(space.f_frsize);
    for (const std::string& unit : options_.byte_unit) {
      const std::string in_bytes = std::string(name).append(".").append(unit);
      const auto add_bytes = [&](const char* what, auto blocks) {
        sample.add(in_bytes + what, in_unit(size * static_cast<double>(blocks), unit), 2);
      };
      if (space.f_blocks > 0) {
        sample.add(in_bytes + "_percentfree", percent(space.f_bfree, space.f_blocks), 2);
      }
      add_bytes("_used", space.f_blocks - space.f_bfree);
      add_bytes("_free", space.f_bfree);
      add_bytes("_avail", space.f_bavail);
    }
    if (space.f_files > 0) {
      sample.add(name + ".inodes_percentfree", percent(space.f_ffree, space.f_files));
    }
    sample.add(name + ".inodes_used", static_cast<double>(space.f_files - space.f_ffree));
    sample.add(name + ".inodes_free", static_cast<double>(space.f_ffree));
    sample.add(name + ".inodes_avail", static_cast<double>(space.f_favail));
  }

  const DiskspaceOptions options_;
  const Expressions exclude_;
};

}  // namespace

CollectorPtr make_diskspace(const DiskspaceOptions& options) {
  return std::make_unique<Diskspace>(options);
}

}  // namespace carbon_spool
