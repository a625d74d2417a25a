#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/queue/batch.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

enum class WhenFull { DropOldest, DropNewest, Block };

/// When what was accepted is forced to the disk.
struct SyncPolicy {
  enum class Kind { Always, Interval, Never };
  Kind kind = Kind::Interval;
  Milliseconds interval{1000};  ///< of Interval
};

/// The least cap: below it the working files of the store would leave no room for points.
inline constexpr std::uint64_t kMinQueueSize = 16ull << 20;

struct QueueOptions {
  std::string path;                     ///< folder; made if it is not there
  std::uint64_t max_size = 1ull << 30;  ///< the cap, bytes on disk; at least kMinQueueSize
  WhenFull when_full = WhenFull::DropOldest;
  SyncPolicy sync;
  std::uint64_t min_free_disk = 256ull << 20;  ///< bytes the file system keeps free; 0: do not look
  std::uint64_t memory_for_newest = 8ull << 20;  ///< bytes of newest batches kept for readers
};

/// Where a reader that is new to the queue begins.
enum class ReaderStart { Live, Oldest };

struct ReaderOptions {
  ReaderStart start = ReaderStart::Live;
  std::uint64_t keep_acknowledged_bytes =
      0;  ///< plaintext kept after it was acknowledged, to be sent again
};

/// Numbers of one reader. received = acknowledged + pending + sum(dropped), always.
struct ReaderStats {
  std::string name;
  bool orphan = false;  ///< in the queue, not in the configuration
  std::uint64_t received_points = 0;
  std::uint64_t acknowledged_points = 0;
  std::uint64_t pending_points = 0;      ///< waiting: accepted, not yet acknowledged
  std::uint64_t unconfirmed_points = 0;  ///< the part of it that was taken to be sent
  std::uint64_t unsent_points = 0;       ///< the rest of it
  std::uint64_t sent_points = 0;
  std::uint64_t resent_points = 0;  ///< sent again after they had been sent before
  std::map<std::string, std::uint64_t> dropped_points;  ///< by reason: "cap", …
  std::optional<std::int64_t> last_drop_at;             ///< Unix seconds
  std::optional<std::uint32_t>
      oldest_pending_timestamp;  ///< of the points, in the oldest batch that waits
  std::optional<std::int64_t>
      oldest_unsent_accepted_at;  ///< Unix milliseconds, of the oldest unsent batch
};

struct ProducerStats {
  std::string name;
  std::uint64_t accepted_points = 0;
};

struct QueueStats {
  std::uint64_t points = 0;  ///< that at least one reader still waits for
  std::uint64_t batches = 0;
  std::uint64_t bytes_on_disk = 0;  ///< as `du` sees the folder
  std::optional<std::uint32_t> oldest_timestamp;
  std::optional<std::uint32_t> newest_timestamp;
  std::uint64_t dropped_points = 0;  ///< sum over all readers
  std::vector<ReaderStats> readers;
  std::vector<ProducerStats> producers;
  std::map<std::string, std::string> notes;
  std::string last_error;  ///< of the store; empty while it is well
};

/// Counts submitted batches; see `Queue::when_accepted`.
using Ticket = std::uint64_t;

/// One position in the log: what is still to be delivered to one destination. Owned by the queue,
/// valid as long as it. What is acknowledged is persisted before the call returns; everything else
/// that was taken is to be sent again after a crash.
/// Threads: one thread takes, acknowledges and puts back; `stats` of the queue may run beside.
class Reader {
 public:
  struct Taken {
    BatchPtr batch;
    bool sent_before = false;
  };

  virtual ~Reader() = default;

  /// The next batch to be sent, oldest first, or none when there is nothing to send. What is taken
  /// is unconfirmed until it is acknowledged or put back.
  [[nodiscard]] virtual std::optional<Taken> take() = 0;

  /// True if `take` would find something, without reading it.
  [[nodiscard]] virtual bool has_unsent() const = 0;

  /// Calls `wake` (from any thread, must be quick, must not call the queue) each time something to
  /// take appears where there was nothing. Replaces the one before; an empty function ends it, and
  /// once that call returned the old one runs no more.
  virtual void on_unsent(std::function<void()> wake) = 0;

  /// The destination has confirmed these. What was dropped meanwhile counts nothing.
  virtual void acknowledge(const RangeSet& ranges) = 0;

  /// These were sent, and whether they arrived is not known: they are to be sent again.
  virtual void put_back(const RangeSet& ranges) = 0;

  /// Acknowledged batches that are kept (`keep_acknowledged_bytes`) are to be sent again; they
  /// count as resent only.
  virtual void resend_kept() = 0;

  /// One batch of `range` could not be delivered whole: `lines` (normalised) of it are set aside in
  /// the queue's folder and counted as dropped under `poison`, the rest is acknowledged.
  virtual void acknowledge_without(const Range& range, const std::vector<std::string>& lines) = 0;
};

/// A capped first-in first-out log of batches on disk, with many readers.
///
/// Delivery:   at least once. A batch leaves when every reader has acknowledged it, or when the cap
///             takes it; both are counted, nothing else removes it.
/// Durability: what was accepted survives a crash of the process; what was synced a crash of the
///             machine. Positions and counts change in one write.
/// Cap:        the folder never takes more than `max_size` bytes of disk.
/// Threads:    any thread may call any member. Two threads of its own: `append`, `upkeep`.
/// Lifetime:   readers must not be used after the queue is gone. The destructor syncs and closes.
class Queue {
 public:
  /// Opens or makes the queue. Takes no longer for a full one than for an empty one. Fails if
  /// another process has it, if the folder cannot be written, or if it was written by a newer
  /// program.
  [[nodiscard]] static Result<std::unique_ptr<Queue>> open(const QueueOptions& options,
                                                           const Clock& clock = system_clock());

  /// The numbers of a queue that no daemon has open (or even one that it has: read-only, as last
  /// written). Fails if there is none.
  [[nodiscard]] static Result<QueueStats> inspect(const std::string& path);

  virtual ~Queue() = default;

  // --- producers ---

  /// The producer of that name, with the counts it had before a restart.
  [[nodiscard]] virtual ProducerId add_producer(const std::string& name) = 0;

  /// An empty builder. Blocks while too many submitted ones wait to be written: that is the
  /// back-pressure of the disk and of `when_full = "block"`. None once appending was stopped.
  [[nodiscard]] virtual std::optional<BatchBuilder> obtain_builder() = 0;

  /// Hands over what was gathered. Small ones that arrive while a write is under way are joined
  /// into one batch. An empty one is only given back. The ticket is that of the last points handed
  /// over.
  virtual Ticket submit(BatchBuilder builder) = 0;

  /// Calls `then` (from a thread of the queue, or at once) when everything up to `ticket` is
  /// accepted and, unless the policy is Never, synced; asks for that sync at once. `accepted` is
  /// false if the queue stopped before.
  virtual void when_durable(Ticket ticket, std::function<void(bool accepted)> then) = 0;

  /// Writes what was submitted (under Block only as far as there is room), then lets nothing more
  /// in.
  virtual void stop_appending() = 0;

  // --- readers ---

  /// The reader of that name, at its old position if it has one. Asked for once per name.
  [[nodiscard]] virtual Reader& add_reader(const std::string& name,
                                           const ReaderOptions& options) = 0;

  // --- notes: small texts that other modules keep beside the log, such as counts of refusals ---

  virtual void put_note(const std::string& key, const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<std::string> note(const std::string& key) const = 0;

  [[nodiscard]] virtual QueueStats stats() const = 0;
};

}  // namespace carbon_spool
