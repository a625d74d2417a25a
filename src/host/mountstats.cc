#include <algorithm>
#include <array>
#include <span>

#include "collector.h"
#include "expressions.h"
#include "fields.h"

namespace carbon_spool {
namespace {

// What the numbers of a line are, in order (source: the kernel's nfs_show_stats and xprt
// print_stats; the names are Diamond's).
constexpr std::array<std::string_view, 6> kBytes = {"normalreadbytes", "normalwritebytes",
                                                    "directreadbytes", "directwritebytes",
                                                    "serverreadbytes", "serverwritebytes"};
constexpr std::array<std::string_view, 23> kEvents = {"inoderevalidates",
                                                      "dentryrevalidates",
                                                      "datainvalidates",
                                                      "attrinvalidates",
                                                      "syncinodes",
                                                      "vfsopen",
                                                      "vfslookup",
                                                      "vfspermission",
                                                      "vfsreadpage",
                                                      "vfsreadpages",
                                                      "vfswritepage",
                                                      "vfswritepages",
                                                      "vfsreaddir",
                                                      "vfsflush",
                                                      "vfsfsync",
                                                      "vfsflock",
                                                      "vfsrelease",
                                                      "setattrtrunc",
                                                      "extendwrite",
                                                      "sillyrenames",
                                                      "shortreads",
                                                      "shortwrites",
                                                      "delay"};
/// Of rdma; tcp has those up to `backlogutil`.
constexpr std::array<std::string_view, 19> kTransport = {
    "port",         "bind_count",   "connect_count",  "connect_time",  "idle_time",
    "rpcsends",     "rpcreceives",  "badxids",        "backlogutil",   "read_chunks",
    "write_chunks", "reply_chunks", "total_rdma_req", "total_dma_rep", "pullup",
    "fixup",        "hardway",      "failed_marshal", "bad_reply"};
constexpr std::size_t kTransportOfTcp = 9;
constexpr std::array<std::string_view, 6> kTransportOfUdp = {
    "port", "bind_count", "rpcsends", "rpcreceives", "badxids", "backlogutil"};

constexpr std::array<std::string_view, 40> kCalls = {"ACCESS",
                                                     "CLOSE",
                                                     "COMMIT",
                                                     "CREATE",
                                                     "DELEGRETURN",
                                                     "FSINFO",
                                                     "FSSTAT",
                                                     "FS_LOCATIONS",
                                                     "GETACL",
                                                     "GETATTR",
                                                     "LINK",
                                                     "LOCK",
                                                     "LOCKT",
                                                     "LOCKU",
                                                     "LOOKUP",
                                                     "LOOKUP_ROOT",
                                                     "MKDIR",
                                                     "MKNOD",
                                                     "NULL",
                                                     "OPEN",
                                                     "OPEN_CONFIRM",
                                                     "OPEN_DOWNGRADE",
                                                     "OPEN_NOATTR",
                                                     "PATHCONF",
                                                     "READ",
                                                     "READDIR",
                                                     "READDIRPLUS",
                                                     "READLINK",
                                                     "REMOVE",
                                                     "RENAME",
                                                     "RENEW",
                                                     "RMDIR",
                                                     "SERVER_CAPS",
                                                     "SETACL",
                                                     "SETATTR",
                                                     "SETCLIENTID",
                                                     "SETCLIENTID_CONFIRM",
                                                     "STATFS",
                                                     "SYMLINK",
                                                     "WRITE"};

using Names = std::span<const std::string_view>;

Names names_of_transport(std::string_view transport) {
  if (transport == "udp") return kTransportOfUdp;
  if (transport == "tcp") return Names(kTransport).first(kTransportOfTcp);
  return transport == "rdma" ? Names(kTransport) : Names();
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& each : lower) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return lower;
}

class Mountstats final : public Collector {
 public:
  explicit Mountstats(const MountstatsOptions& options)
      : exclude_(options.exclude_filters), include_(options.include_filters) {}

  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read_of_process("mountstats");
    if (!text) return text.error();
    std::string mount;  // empty: one that is not wanted
    for_each_line(text.value(), [&](std::string_view line) {
      const auto fields = fields_of(line);
      if (fields.empty()) return;
      if (fields[0] == "device") {
        mount = fields.size() > 4 ? name_of_mount(fields[4]) : "";
      } else if (!mount.empty()) {
        add_line(mount, fields, sample);
      }
    });
    return success();
  }

 private:
  /// Empty: it is not wanted.
  [[nodiscard]] std::string name_of_mount(std::string_view mount_point) const {
    if (exclude_.match_start_of(mount_point)) return "";
    if (!include_.empty() && !include_.match_start_of(mount_point)) return "";
    std::string name(mount_point);
    std::ranges::replace(name, '.', '_');
    std::ranges::replace(name, '/', '_');
    return name;
  }

  static void add_line(const std::string& mount, const std::vector<std::string_view>& fields,
                       Sample& sample) {
    if (fields[0] == "events:") return add_all(mount + ".events.", fields, 1, kEvents, sample);
    if (fields[0] == "bytes:") return add_all(mount + ".bytes.", fields, 1, kBytes, sample);
    if (fields[0] == "xprt:" && fields.size() > 1) {
      const std::string front = mount + ".xprt." + std::string(fields[1]) + ".";
      return add_all(front, fields, 2, names_of_transport(fields[1]), sample);
    }
    if (!fields[0].ends_with(':')) return;
    const std::string_view call = fields[0].substr(0, fields[0].size() - 1);
    if (std::ranges::find(kCalls, call) == kCalls.end()) return;
    const std::string front = mount + ".rpc." + lower_case(call) + ".";
    add_counter(front + "ops", fields, 1, sample);
    add_counter(front + "rtt", fields, 7, sample);
    add_counter(front + "exe", fields, 8, sample);
  }

  static void add_all(const std::string& front, const std::vector<std::string_view>& fields,
                      std::size_t first, Names names, Sample& sample) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      add_counter(front + std::string(names[i]), fields, first + i, sample);
    }
  }

  static void add_counter(const std::string& name, const std::vector<std::string_view>& fields,
                          std::size_t place, Sample& sample) {
    if (const auto value = counter_at(fields, place)) sample.add_per_second(name, *value);
  }

  const Expressions exclude_;
  const Expressions include_;
};

}  // namespace

CollectorPtr make_mountstats(const MountstatsOptions& options) {
  return std::make_unique<Mountstats>(options);
}

}  // namespace carbon_spool
