#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// What `carbon-spool status` shows: a plain value. The daemon fills it; this module turns it into
/// JSON and text and back. Times are Unix seconds, sizes bytes. Field for field the JSON of the
/// README; additions are allowed, changes are not.

struct QueueStatus {
  std::string path;
  std::uint64_t points = 0;
  std::uint64_t batches = 0;
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t max_size_bytes = 0;
  std::string when_full;
  std::optional<std::int64_t> oldest_timestamp;
  std::optional<std::int64_t> newest_timestamp;
  std::uint64_t dropped_points_total = 0;
  std::optional<std::string> last_error;
  std::uint64_t points_in_memory = 0;  ///< accepted while the disk fails, and not yet on it
  std::vector<std::string> set_aside;  ///< what was found damaged and where it is now, in sentences
  std::optional<std::uint64_t> events;  ///< that wait in the queue of events, if there is one
};

/// A file that is followed.
struct FileStatus {
  std::string path;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;  ///< bytes that were read
  std::uint64_t size = 0;
};

struct InputStatus {
  std::string name;
  std::string type;
  std::vector<std::string> listen;
  std::uint64_t connections = 0;
  std::uint64_t points_total = 0;
  std::uint64_t rejected_total = 0;
  std::map<std::string, std::uint64_t> rejected;
  std::uint64_t connections_refused_total = 0;
  std::uint64_t fragments_cut_total = 0;
  std::uint64_t datagrams_dropped_total = 0;
  /// Of flushes and samples, because the queue did not take them.
  std::uint64_t points_dropped_total = 0;
  std::uint64_t packets_unforwarded_total = 0;  ///< that a target of `forward_to` did not get
  /// Collectors of a host input, files of a tail input, and why.
  std::map<std::string, std::string> failing;
  std::vector<FileStatus> files;  ///< of a tail input
};

/// What one reader of the queue has had and what waits for it. received = acknowledged + pending +
/// dropped + routed elsewhere.
struct ReaderStatus {
  std::uint64_t points_received_total = 0;
  std::uint64_t points_acknowledged_total = 0;
  std::uint64_t points_routed_elsewhere_total = 0;
  std::uint64_t points_pending = 0;
  /// Routes give it a part of what comes in, or members share it, and some of what waits was not
  /// looked at yet.
  bool points_pending_is_upper_bound = false;
  std::uint64_t points_unconfirmed = 0;
  std::uint64_t points_live = 0;     ///< waiting and unsent, accepted since the destination is back
  std::uint64_t points_backlog = 0;  ///< waiting and unsent, accepted before
  std::uint64_t points_kept = 0;     ///< acknowledged, kept to be sent again (`resend_window`)
  std::uint64_t points_dropped_total = 0;
  std::map<std::string, std::uint64_t> dropped;
  std::optional<std::int64_t> last_drop_at;
  std::optional<std::int64_t> oldest_pending_timestamp;
  std::optional<std::int64_t>
      oldest_unsent_seconds;  ///< how long the oldest unsent point has waited since it was accepted
  std::uint64_t points_sent_total = 0;
  std::uint64_t points_resent_total = 0;
};

/// What a destination got for itself, and as a member of clusters that share a reader, or in the
/// place of another destination that was down.
struct DestinationStatus : ReaderStatus {
  std::string name;
  std::string type = "graphite";  ///< as in the configuration; what is counted goes by it
  std::string address;
  std::string state;  ///< connected, connecting, backing_off, stalled, unconfirmed; stopped; orphan
  std::int64_t since = 0;
  std::uint64_t points_rerouted_total = 0;  ///< acknowledged by others, while it was down
  double points_per_second = 0;
  double backlog_points_per_second = 0;  ///< the part of it that is replay
  std::optional<std::int64_t> seconds_to_catch_up;
  std::uint64_t reconnects_total = 0;
  std::optional<std::string> last_error;
};

/// The type of a destination whose points are events.
inline constexpr const char* kEventDestinationType = "graphite_events";

struct ClusterStatus {
  std::string name;
  std::string select;                  ///< as in the configuration
  std::vector<std::string> members;    ///< names of destinations
  std::optional<ReaderStatus> reader;  ///< of one whose members share it
};

struct Status {
  std::string version;
  std::string state;  ///< running, stopping, stopped
  std::int64_t pid = 0;
  std::int64_t uptime_seconds = 0;
  QueueStatus queue;
  std::vector<InputStatus> inputs;
  std::vector<DestinationStatus> destinations;
  std::vector<ClusterStatus> clusters;
  std::optional<std::string> last_reload_error;  ///< why the newest reload changed nothing
};

[[nodiscard]] std::string to_json(const Status& status);
[[nodiscard]] Result<Status> status_from_json(const std::string& text);

/// The page for a person: what is well, what is not, how full, how long until caught up. `now` is
/// Unix seconds. With `bars`, as `--watch` shows it.
[[nodiscard]] std::string to_text(const Status& status, std::int64_t now, bool bars);

/// True if something needs a look (exit code 1): a destination that is not connected (a stopped
/// daemon's and orphans are not judged by that), unsent points older than 60 s, points dropped
/// within the last hour, an error of the queue's store, a reload that failed.
[[nodiscard]] bool needs_a_look(const Status& status, std::int64_t now);

}  // namespace carbon_spool
