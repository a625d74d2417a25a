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
#include "carbon_spool/queue/batch_selector.h"
#include "carbon_spool/queue/batch_walk.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

enum class WhenFull { DropOldest, DropNewest, Block };

/// When what was accepted is forced to the disk.
struct SyncPolicy {
  enum class Kind { Always, Interval, Never };
  Kind kind = Kind::Interval;
  Milliseconds interval{1000};  ///< of Interval

  friend bool operator==(const SyncPolicy&, const SyncPolicy&) = default;
};

/// The least cap: below it the working files of the store would leave no room for points.
inline constexpr std::uint64_t kMinQueueSize = 16ull << 20;

struct QueueOptions {
  std::string path;                     ///< folder; made if it is not there
  std::uint64_t max_size = 1ull << 30;  ///< the cap, bytes on disk; at least kMinQueueSize
  WhenFull when_full = WhenFull::DropOldest;
  SyncPolicy sync;
  std::uint64_t min_free_disk = 256ull << 20;  ///< bytes the file system keeps free; 0: do not look
  std::optional<Milliseconds> max_age;  ///< what was accepted longer ago is dropped; none: never
  std::uint64_t memory_for_newest = 8ull << 20;  ///< bytes of newest batches kept for readers
  std::uint64_t memory_limit = 64ull << 20;      ///< bytes of batches kept while the disk fails
  /// Whether small builders that come together become one batch. If not, each is acknowledged by
  /// itself. Stays as it was when the queue was opened.
  bool join_small = true;

  friend bool operator==(const QueueOptions&, const QueueOptions&) = default;
};

/// Where a reader that is new to the queue begins.
enum class ReaderStart { Live, Oldest };

/// The two parts of what a reader has not sent: what was accepted after its destination came back,
/// and what was before.
enum class Part { Live, Backlog };

/// How what a reader gets can be divided into shares, so that several senders each see to a part of
/// every batch. A batch is acknowledged once each share of it is. In memory only: after a restart,
/// all shares of what is not acknowledged are to be sent.
struct Division {
  std::size_t shares = 0;  ///< 0: it cannot be divided
  bool always = false;     ///< false: only while `Reader::divide` says so
  /// While this stays the same, so does what is in each share. If it changes, all that waits is
  /// divided anew.
  std::string key;

  friend bool operator==(const Division&, const Division&) = default;
};

struct ReaderOptions {
  ReaderStart start = ReaderStart::Live;
  // What is kept after it was acknowledged, to be sent again: the longer of the two.
  std::uint64_t keep_acknowledged_bytes = 0;  ///< the newest, plaintext
  Milliseconds keep_acknowledged_for{0};      ///< since it was acknowledged
  /// The most plaintext that may wait for this reader; the oldest beyond it is dropped.
  std::uint64_t max_backlog = UINT64_MAX;
  /// What it gets of each batch, as long as all is there (queue-format.md, Shrinking); null: all.
  std::shared_ptr<BatchSelector> selector = nullptr;
  Division division = {};

  friend bool operator==(const ReaderOptions&, const ReaderOptions&) = default;
};

/// What one of several senders that take from a reader did. Counts what is sent again.
struct TakerStats {
  std::uint64_t sent_points = 0;
  std::uint64_t acknowledged_points = 0;

  friend bool operator==(const TakerStats&, const TakerStats&) = default;
};

/// Numbers of one reader. received = acknowledged + pending + sum(dropped) + routed elsewhere,
/// always. Batches that it has not looked at yet count whole, whatever it will get of them.
struct ReaderStats {
  std::string name;
  bool orphan = false;     ///< in the queue, not in the configuration
  bool selective = false;  ///< it gets a part of each batch: what is unsent is at most as it says
  bool divided = false;    ///< into shares: so is all that waits
  std::uint64_t received_points = 0;
  std::uint64_t acknowledged_points = 0;
  std::uint64_t routed_elsewhere_points = 0;
  std::uint64_t pending_points = 0;      ///< waiting: accepted, not yet acknowledged
  std::uint64_t unconfirmed_points = 0;  ///< the part of it that was taken to be sent
  std::uint64_t unsent_points = 0;       ///< the rest of it
  std::uint64_t backlog_points = 0;      ///< the part of the rest that is backlog
  std::uint64_t sent_points = 0;
  std::uint64_t resent_points = 0;  ///< sent again after they had been sent before
  std::uint64_t kept_points = 0;    ///< acknowledged, and kept to be sent again
  /// By reason: `cap`, `max_age`, `max_backlog`, `min_free_disk`, `memory_limit`, `damaged`,
  /// `poison`, `purged`, `route`; `…_unread` for a selective reader that had not
  /// looked at them.
  std::map<std::string, std::uint64_t> dropped_points;
  std::map<std::string, TakerStats> takers;  ///< see `Queue::add_taker`
  std::optional<std::int64_t> last_drop_at;  ///< Unix seconds
  std::optional<std::uint32_t>
      oldest_pending_timestamp;  ///< of the points, in the oldest batch that waits
  std::optional<std::int64_t>
      oldest_unsent_accepted_at;  ///< Unix milliseconds, of the oldest unsent batch
};

struct ProducerStats {
  std::string name;
  std::uint64_t accepted_points = 0;
};

/// Bytes: whoever asks for numbers is not made to copy more.
inline constexpr std::size_t kLongestNoteInStats = 4096;

struct QueueStats {
  std::uint64_t points = 0;  ///< that at least one reader still waits for
  std::uint64_t batches = 0;
  std::uint64_t bytes_on_disk = 0;  ///< as `du` sees the folder
  std::optional<std::uint32_t> oldest_timestamp;
  std::optional<std::uint32_t> newest_timestamp;
  std::uint64_t dropped_points = 0;  ///< sum over all readers
  std::vector<ReaderStats> readers;
  std::vector<ProducerStats> producers;
  std::map<std::string, std::string> notes;  ///< but for those over kLongestNoteInStats
  std::string last_error;                    ///< of the store; empty while it is well
  std::vector<std::string> set_aside;  ///< what was found damaged and where it is now, in sentences
  std::uint64_t points_in_memory = 0;  ///< accepted while the disk fails, and not yet on it
};

/// How many builders may be handed over in one step: what fits into one write.
inline constexpr std::size_t kMostTogether = 16;

/// Counts submitted batches; see `Queue::when_accepted`.
using Ticket = std::uint64_t;

/// A sender's hand on one position in the log: what is still to be delivered to one destination, or
/// to any member of a cluster. Owned by the queue, valid as long as it. What is acknowledged is
/// persisted before the call returns; everything else that was taken is to be sent again after a
/// crash.
///
/// Several senders may have a hand each on one position (`Queue::add_taker`): what one has taken,
/// no other gets, unless it is put back. While the position is divided, each share is a matter of
/// its own; who acknowledges or puts back names the share that it took from.
/// Threads: one thread for each hand; `stats` of the queue may run beside.
class Reader {
 public:
  struct Taken {
    BatchPtr batch;
    bool sent_before = false;
  };

  virtual ~Reader() = default;

  /// The destination has come back, or is too far behind: all that waits is backlog now, and what
  /// is accepted from here on is live. A new Reader begins like that.
  virtual void begin_live() = 0;

  /// The next batch of that part to be sent, oldest first, or none: there is nothing, or the disk
  /// cannot be read at the moment. What is taken is unconfirmed until it is acknowledged or put
  /// back.
  [[nodiscard]] virtual std::optional<Taken> take(Part part, Share share) = 0;
  [[nodiscard]] std::optional<Taken> take(Part part) { return take(part, Share()); }
  /// Strictly in order: of the backlog first.
  [[nodiscard]] std::optional<Taken> take() {
    return take(has_unsent(Part::Backlog) ? Part::Backlog : Part::Live);
  }

  /// True if `take` would look for something, without reading it.
  [[nodiscard]] virtual bool has_unsent(Part part, Share share) const = 0;
  [[nodiscard]] bool has_unsent(Part part) const { return has_unsent(part, Share()); }
  [[nodiscard]] bool has_unsent() const {
    return has_unsent(Part::Live) || has_unsent(Part::Backlog);
  }

  /// Calls `wake` (from any thread, must be quick, must not call the queue) each time something to
  /// take appears where there was nothing, in any share. Replaces the one before; an empty function
  /// ends it, and once that call returned the old one runs no more.
  virtual void on_unsent(std::function<void()> wake) = 0;

  /// The destination has confirmed these. What was dropped meanwhile counts nothing.
  virtual void acknowledge(const RangeSet& ranges, Share share) = 0;
  void acknowledge(const RangeSet& ranges) { acknowledge(ranges, Share()); }

  /// These were sent, and whether they arrived is not known: they are to be sent again.
  virtual void put_back(const RangeSet& ranges, Share share) = 0;
  void put_back(const RangeSet& ranges) { put_back(ranges, Share()); }

  /// Acknowledged batches that are kept (`keep_acknowledged_bytes`, `keep_acknowledged_for`) are to
  /// be sent again, as backlog; they count as resent only.
  virtual void resend_kept() = 0;

  /// One batch of `range` could not be delivered whole: `lines` (normalised) of it are set aside in
  /// the queue's folder and counted as dropped under `poison`, the rest is acknowledged.
  virtual void acknowledge_without(const Range& range, const std::vector<std::string>& lines,
                                   Share share) = 0;

  /// Divides the position into the shares of its `Division`, or makes it whole again; nothing if it
  /// is like that already, or always divided. What is not acknowledged is to be sent anew, in each
  /// share. While it is divided, only shares can be taken, while it is whole only all of it. What
  /// was taken before may still be acknowledged: all of it means every share; a share counts
  /// nothing while the position is whole.
  virtual void divide(bool divided) = 0;
  [[nodiscard]] virtual bool is_divided() const = 0;

  /// All but `start` take effect at once. If the division changes, nothing may be under way. Any
  /// thread. For the hand that `Queue::add_reader` gave.
  virtual void change_options(const ReaderOptions& options) = 0;
};

/// A capped first-in first-out log of batches on disk, with many readers.
///
/// Delivery:   at least once. A batch leaves when every reader has acknowledged it, or when the cap
///             takes it; both are counted, nothing else removes it.
/// Durability: what was accepted survives a crash of the process; what was synced a crash of the
///             machine. Positions and counts change in one write.
/// Cap:        the folder never takes more than `max_size` bytes of disk.
/// Bad disk:   while it cannot be written, what comes in is kept in memory up to `memory_limit`
/// (the
///             oldest is dropped beyond, counted; under Block the inputs wait), readers get it from
///             there, and it is written once the disk is well again, which is tried each second. It
///             is durable only then, and lost if the process ends before.
/// Threads:    any thread may call any member. Own threads: `append`, `upkeep`, `shrink`.
/// Lifetime:   readers must not be used after the queue is gone, or they were released. The
/// destructor syncs and closes.
class Queue {
 public:
  /// Opens or makes the queue. Takes no longer for a full one than for an empty one. If the folder
  /// cannot be made or used, the queue begins with a disk that fails; what is on it joins in later.
  /// What is damaged, or was written by a newer program, is set aside, never deleted, and the rest
  /// is used; that reads all of it. Fails if another process has it.
  [[nodiscard]] static Result<std::unique_ptr<Queue>> open(const QueueOptions& options,
                                                           const Clock& clock = system_clock());

  /// The numbers of a queue that no daemon has open (or even one that it has: read-only, as last
  /// written). Fails if there is none.
  [[nodiscard]] static Result<QueueStats> inspect(const std::string& path);

  /// As `walk`, through a queue that no daemon has open.
  [[nodiscard]] static Result<std::unique_ptr<BatchWalk>> walk_stopped(const std::string& path,
                                                                       const WalkOptions& options);

  virtual ~Queue() = default;

  // --- producers ---

  /// The producer of that name, with the counts it had before a restart.
  [[nodiscard]] virtual ProducerId add_producer(const std::string& name) = 0;

  /// An empty builder. Blocks while too many submitted ones wait to be written: that is the
  /// back-pressure of the disk and of `when_full = "block"`. None once appending was stopped.
  [[nodiscard]] virtual std::optional<BatchBuilder> obtain_builder() = 0;
  /// The same, and none after `most` as well: for a producer that would rather drop than wait.
  [[nodiscard]] virtual std::optional<BatchBuilder> obtain_builder_within(Milliseconds most) = 0;

  /// Hands over what was gathered. Small ones that arrive while a write is under way are joined
  /// into one batch. One without points and notes is only given back. The ticket is that of the
  /// last points handed over.
  virtual Ticket submit(BatchBuilder builder) = 0;
  /// The same for up to kMostTogether, which are written in one step, with all their notes: after a
  /// crash all of them are there or none.
  virtual Ticket submit_together(std::vector<BatchBuilder> builders) = 0;

  /// Calls `then` (from a thread of the queue, or at once) when everything up to `ticket` is
  /// accepted and, unless the policy is Never, synced; asks for that sync at once. `accepted` is
  /// false if the queue stopped before.
  virtual void when_durable(Ticket ticket, std::function<void(bool accepted)> then) = 0;

  /// Writes what was submitted (under Block only as far as there is room), then lets nothing more
  /// in.
  virtual void stop_appending() = 0;

  // --- readers ---

  /// The reader of that name, at its old position if it has one. Asked for once per name, until it
  /// is released.
  [[nodiscard]] virtual Reader& add_reader(const std::string& name,
                                           const ReaderOptions& options) = 0;

  /// A further hand on the position of that reader, for the sender of that name, which is counted
  /// under it, with a selector of its own: members of a cluster do not all get the same. The same
  /// name again gives the same hand, with the new selector.
  [[nodiscard]] virtual Reader& add_taker(const std::string& reader, const std::string& taker,
                                          std::shared_ptr<BatchSelector> selector) = 0;

  /// Nobody uses that Reader any more, nor a further hand on it, and they are gone. Its position
  /// stays, as an orphan. What was taken is to be sent again.
  virtual void release_reader(const std::string& name) = 0;

  // --- what a person looks at or decides ---

  /// Fails if there is no reader of that name.
  [[nodiscard]] virtual Result<std::unique_ptr<BatchWalk>> walk(
      const WalkOptions& options) const = 0;

  /// Drops what waits for that reader, counted under `purged`, and returns how many points that
  /// were. With `accepted_before` (Unix milliseconds) only batches that are older.
  /// Fails if there is no reader of that name.
  [[nodiscard]] virtual Result<std::uint64_t> purge(
      const std::string& reader, std::optional<std::int64_t> accepted_before) = 0;

  /// Removes the position of that name, with its counts and whatever waits for it. Fails if there
  /// is none, if a Reader of that name is in use, or while the disk fails.
  [[nodiscard]] virtual Result<void> forget_reader(const std::string& name) = 0;

  /// What waits for `orphan` from before `heir` began waits for `heir` from now on, as backlog;
  /// what came later `heir` has had itself. If there is no position `heir` yet, that of the orphan
  /// gets this name, with its counts. The orphan is gone. Returns how many points were handed over.
  /// Fails if there is no such orphan, if a Reader of its name is in use, or while the disk fails.
  [[nodiscard]] virtual Result<std::uint64_t> hand_over(const std::string& orphan,
                                                        const std::string& heir) = 0;

  /// All but `path`, `memory_for_newest` and `join_small` take effect at once. A smaller cap drops
  /// at once what does not fit; under DropNewest and Block the queue is full until enough was
  /// delivered.
  virtual void change_options(const QueueOptions& options) = 0;

  // --- notes: small texts that other modules keep beside the log, such as counts of refusals ---

  /// Takes the place of the note of that key; an empty text removes it. `BatchBuilder::add_note` is
  /// for one that must be written in one step with points.
  virtual void put_note(const std::string& key, const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<std::string> note(const std::string& key) const = 0;

  [[nodiscard]] virtual QueueStats stats() const = 0;
};

}  // namespace carbon_spool
