#include <array>
#include <span>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

// What the numbers of a line of /proc/net/rpc/nfs are, in order. The names are Diamond's (source:
// its `nfs.py`), those of v4 of the kernels of its time: newer ones have other calls from the 37th
// on.
constexpr std::array<std::string_view, 4> kNet = {"packets", "udpcnt", "tcpcnt", "tcpconn"};
constexpr std::array<std::string_view, 3> kRpc = {"calls", "retrans", "authrefrsh"};
constexpr std::array<std::string_view, 18> kVersion2 = {
    "null",   "getattr", "setattr", "root", "lookup",  "readlink", "read",  "wrcache", "write",
    "create", "remove",  "rename",  "link", "symlink", "mkdir",    "rmdir", "readdir", "fsstat"};
constexpr std::array<std::string_view, 22> kVersion3 = {
    "null",    "getattr",     "setattr", "lookup", "access",   "readlink", "read",   "write",
    "create",  "mkdir",       "symlink", "mknod",  "remove",   "rmdir",    "rename", "link",
    "readdir", "readdirplus", "fsstat",  "fsinfo", "pathconf", "commit"};
constexpr std::array<std::string_view, 49> kVersion4 = {
    "null",        "read",         "write",        "commit",     "open",         "open_conf",
    "open_noat",   "open_dgrd",    "close",        "setattr",    "fsinfo",       "renew",
    "setclntid",   "confirm",      "lock",         "lockt",      "locku",        "access",
    "getattr",     "lookup",       "lookup_root",  "remove",     "rename",       "link",
    "symlink",     "create",       "pathconf",     "statfs",     "readlink",     "readdir",
    "server_caps", "delegreturn",  "getacl",       "setacl",     "fs_locations", "rel_lkowner",
    "exchange_id", "create_ses",   "destroy_ses",  "sequence",   "get_lease_t",  "reclaim_comp",
    "layoutget",   "layoutcommit", "layoutreturn", "getdevlist", "getdevinfo",   "ds_write",
    "ds_commit"};

struct Line {
  std::string_view begins;
  std::string_view front;  ///< of the names
  std::size_t first;       ///< where the numbers begin
  std::span<const std::string_view> names;
};

class Nfs final : public Collector {
 public:
  Result<void> collect(Sample& sample) override {
    const auto text = sample.root.read_of_process("net/rpc/nfs");
    if (!text) return text.error();
    // The lines of a version begin with how many numbers follow.
    const std::array<Line, 5> lines = {{{"net", "net.", 1, kNet},
                                        {"rpc", "rpc.", 1, kRpc},
                                        {"proc2", "v2.", 2, kVersion2},
                                        {"proc3", "v3.", 2, kVersion3},
                                        {"proc4", "v4.", 2, kVersion4}}};
    for_each_line(text.value(), [&](std::string_view text_line) {
      const auto fields = fields_of(text_line);
      for (const Line& each : lines) {
        if (!fields.empty() && fields[0] == each.begins) add_line(each, fields, sample);
      }
    });
    return success();
  }

 private:
  static void add_line(const Line& line, const std::vector<std::string_view>& fields,
                       Sample& sample) {
    for (std::size_t i = 0; i < line.names.size(); ++i) {
      const auto value = counter_at(fields, line.first + i);
      if (value)
        sample.add_per_second(std::string(line.front) + std::string(line.names[i]), *value);
    }
  }
};

}  // namespace

CollectorPtr make_nfs() {
  return std::make_unique<Nfs>();
}

}  // namespace carbon_spool
