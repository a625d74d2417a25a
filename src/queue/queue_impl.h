#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "carbon_spool/queue/queue.h"

#include "batch_format.h"
#include "batches_in_memory.h"
#include "bell.h"
#include "disk_meter.h"
#include "intake.h"
#include "ledger.h"
#include "state_keys.h"
#include "store.h"
#include "store_repair.h"
#include "stretch.h"

namespace carbon_spool {

class ReaderImpl;

/// A store with what its column family `state` says, and what was found damaged on the way.
struct OpenedStore {
  std::unique_ptr<Store> store;
  std::map<std::string, std::string> state;
  StoreDamage damage;
};

/// What a queue stands on. Tests put something else in its place: a disk that fails or forgets, and
/// seconds that are shorter.
struct Ground {
  rocksdb::Env& disk = Store::machine();  ///< outlives the queue
  std::chrono::milliseconds tick_every{1000};
};

/// The queue: the ledger says what is needed, the store keeps it, this class keeps the two in step.
/// Its parts, each in its own source: opening and closing (queue_open.cc), what an earlier run left
/// (queue_recovery.cc), appending
/// (queue_append.cc), notes (queue_notes.cc), the cap (queue_room.cc), other limits
/// (queue_limits.cc), readers (queue_readers.cc), a disk that fails (queue_outage.cc), syncing,
/// removing and what else has its time (queue_upkeep.cc), shrinking what few readers need
/// (queue_shrink.cc), numbers (queue_stats.cc), what a person looks at or decides
/// (queue_by_hand.cc).
///
/// Locks: `write_mutex_` before `store_gate_` before `mutex_`. Whoever writes to the store, or
/// changes what is on disk of the ledger, holds `write_mutex_`. Who only reads the store holds
/// `store_gate_` shared: while the disk fails, the store may go and another one come. Whoever looks
/// at or changes anything else holds `mutex_`, never for longer than it takes to touch memory.
class QueueImpl final : public Queue {
 public:
  QueueImpl(const QueueOptions& options, const Clock& clock, const Ground& ground = {});
  ~QueueImpl() override;

  [[nodiscard]] Result<void> open();

  [[nodiscard]] ProducerId add_producer(const std::string& name) override;
  [[nodiscard]] std::optional<BatchBuilder> obtain_builder() override { return intake_.obtain(); }
  [[nodiscard]] std::optional<BatchBuilder> obtain_builder_within(Milliseconds most) override {
    return intake_.obtain_within(most);
  }
  Ticket submit_together(std::vector<BatchBuilder> builders) override {
    return intake_.submit(std::move(builders));
  }
  Ticket submit(BatchBuilder builder) override { return intake_.submit(std::move(builder)); }
  void when_durable(Ticket ticket, std::function<void(bool)> then) override;
  void stop_appending() override;
  [[nodiscard]] Reader& add_reader(const std::string& name, const ReaderOptions& options) override;
  [[nodiscard]] Reader& add_taker(const std::string& reader, const std::string& taker,
                                  std::shared_ptr<BatchSelector> selector) override;
  void release_reader(const std::string& name) override;
  [[nodiscard]] Result<std::unique_ptr<BatchWalk>> walk(const WalkOptions& options) const override;
  [[nodiscard]] Result<std::uint64_t> purge(const std::string& reader,
                                            std::optional<std::int64_t> accepted_before) override;
  [[nodiscard]] Result<void> forget_reader(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> hand_over(const std::string& orphan,
                                                const std::string& heir) override;
  void change_options(const QueueOptions& options) override;
  void put_note(const std::string& key, const std::string& text) override;
  [[nodiscard]] std::optional<std::string> note(const std::string& key) const override;
  [[nodiscard]] QueueStats stats() const override;

 private:
  friend class ReaderImpl;

  /// Who gets a draft that is about to be appended.
  struct Admission {
    bool stored = true;                 ///< false: nobody gets it
    std::vector<std::string> left_out;  ///< the readers that do not get it
  };
  struct Producer {
    std::string name;
    std::uint64_t accepted = 0;
  };
  struct DurableWaiter {
    Ticket ticket;
    std::function<void(bool)> then;
  };

  using Notes = std::map<std::string, std::string>;

  /// A group as it will be in the log, if it is let in.
  struct Draft {
    std::vector<BatchPtr> batches;
    Range grown;                                    ///< what the log grows by
    std::map<std::uint32_t, std::uint64_t> shares;  ///< points by producer
    Notes notes;
    std::uint64_t disk_bytes = 0;
    std::int64_t accepted_at = 0;  ///< Unix milliseconds
    Ticket ticket = 0;
  };

  /// While the disk fails.
  struct Outage {
    std::chrono::steady_clock::time_point since;
    unsigned attempts = 0;      ///< to end it
    bool reopens = false;       ///< the store is to be opened anew, come what may
    std::uint64_t dropped = 0;  ///< points that did not fit into memory, once for each reader
  };

  /// What was accepted while the disk failed, oldest first, as the appender got it.
  struct Arrival {
    Sequence last;  ///< batch of it, or before it, if it has none
    Ticket ticket = 0;
    Notes notes;
  };

  // queue_notes.cc
  static void take_over_notes(const Notes& from, Notes& to);
  void notes_are_written(const Notes& notes);
  static void put_notes(Store::Write& write, const Notes& notes);

  // queue_open.cc
  void take_over(OpenedStore opened);
  void begin_without_store(const Error& why);
  void start_threads();

  // queue_recovery.cc
  [[nodiscard]] Result<OpenedStore> open_store();
  [[nodiscard]] Result<void> open_as_it_is(OpenedStore& opened, bool& is_newer);
  [[nodiscard]] Result<void> open_files(OpenedStore& opened, bool& is_newer);
  [[nodiscard]] bool disk_fails(const Error& why);
  [[nodiscard]] RestoredState recover_state(const OpenedStore& opened);
  void keep_damaged_table(Sequence sequence);

  // queue_append.cc
  void append_loop();
  [[nodiscard]] Draft draft(Intake::Group group) const;
  [[nodiscard]] bool append(const Draft& draft);
  [[nodiscard]] Result<void> write_draft(const Draft& draft, const Admission& admission);
  void publish(const Draft& draft, const Admission& admission);
  [[nodiscard]] Ticket durable() const;
  void finish_waiters();
  void fail_waiters(Ticket after, Ticket up_to);

  // queue_outage.cc; all with write_mutex_ held
  void persist(bool sync, const std::function<void(Store::Write&)>& fill);
  void begin_outage(const Error& error);
  void reopen_soon();
  [[nodiscard]] bool keep_in_memory(const Draft& draft, std::unique_lock<std::mutex>& write_lock);
  [[nodiscard]] bool memory_is_full() const;
  void drop_from_memory();
  void try_to_end_outage();
  [[nodiscard]] Result<void> make_store_usable();
  [[nodiscard]] Result<void> reopen_store();
  void put_earlier_in_front(RestoredState earlier);
  [[nodiscard]] Result<void> write_state();
  [[nodiscard]] Notes notes_in_memory(Sequence up_to) const;
  [[nodiscard]] Result<void> write_from_memory();
  [[nodiscard]] Result<void> make_room_for_memory(std::uint64_t bytes);

  // queue_limits.cc; all with write_mutex_ held
  void drop_what_is_too_old();
  void drop_what_is_too_much();
  void let_go_expired();
  [[nodiscard]] Result<Mark> boundary(const Range& range,
                                      const std::function<bool(const Batch&)>& is_behind) const;

  // queue_room.cc; all with write_mutex_ held
  [[nodiscard]] std::optional<Admission> make_room(std::uint64_t incoming,
                                                   std::unique_lock<std::mutex>& write_lock);
  void drop_until_fits(std::uint64_t incoming);
  [[nodiscard]] std::uint64_t limit();
  [[nodiscard]] bool fits(std::uint64_t incoming, std::uint64_t reserve);
  [[nodiscard]] bool forget_least_wanted();
  [[nodiscard]] bool drop_oldest_table();
  [[nodiscard]] const char* full_reason() const;
  [[nodiscard]] Admission admit_those_that_keep_up(std::uint64_t incoming);
  [[nodiscard]] Result<Mark> mark_after(Sequence last) const;
  void drop(const std::vector<std::string>& readers, const Range& range, const std::string& reason);
  [[nodiscard]] bool remove_unneeded_tables();

  // queue_shrink.cc
  struct Shrinking;
  struct ReadForShrinking {
    BatchPtr batch;
    bool is_hole = false;  ///< there is none, and nobody needs it
  };
  void shrink_loop();
  [[nodiscard]] Result<bool> shrink_a_stretch();
  [[nodiscard]] Result<std::unique_ptr<Shrinking>> begin_shrinking();
  [[nodiscard]] std::uint64_t spare_for_shrinking() const;
  [[nodiscard]] Result<bool> fill(Shrinking& shrinking);
  [[nodiscard]] Result<ReadForShrinking> read_for_shrinking(Sequence sequence) const;
  [[nodiscard]] bool is_closing() const;
  [[nodiscard]] bool give_up(const Stretch& stretch);
  [[nodiscard]] Result<bool> put_in_place(const Shrinking& shrinking);

  // queue_readers.cc
  void add_bells(const std::string& reader, const ReaderImpl* but, std::vector<BellPtr>& to) const;
  void wake_takers(const std::string& reader, const ReaderImpl* but) const;
  void release(const std::string& reader, const RangeSet& ranges);
  void let_go_passed_over(const std::string& reader);
  void put_positions(Store::Write& write) const;
  void put_position(const std::string& name, Store::Write& write) const;
  [[nodiscard]] Result<BatchPtr> find_batch(Sequence sequence) const;
  [[nodiscard]] bool drop_unreadable(const std::string& reader, Sequence sequence, Share share,
                                     bool is_there);

  /// What the disk does not give is asked for again each second. A disk that is away for longer
  /// than this many tries answers for nothing else either; if it does, only that place of it is
  /// lost.
  static constexpr unsigned kReadAttempts = 60;

  /// Readers are asked for at the start. Until then a position that was lost may be wanted.
  static constexpr unsigned kTicksUntilPositionsAreSettled = 60;

  // queue_by_hand.cc
  [[nodiscard]] Result<void> must_be_unused(const std::string& reader) const;

  // queue_upkeep.cc
  void upkeep_loop();
  void tick();
  void has_unsynced();
  void sync_now();
  [[nodiscard]] bool sync_is_asked_for() const;

  void note_error(const Error& error);

  const Clock& clock_;
  const Ground ground_;
  const bool joins_small_;

  // Changed with both mutexes held, so either is enough to look at them.
  QueueOptions options_;
  StoreSizes sizes_;
  std::optional<Outage> outage_;

  // Changed with write_mutex_ and store_gate_ held. Null only while the disk fails.
  mutable std::shared_mutex store_gate_;
  std::unique_ptr<Store> store_;

  // Have locks of their own.
  Intake intake_;

  // Guarded by write_mutex_.
  mutable std::mutex write_mutex_;
  std::condition_variable room_freed_;
  std::unique_ptr<DiskMeter> meter_;
  std::set<std::string> damaged_tables_;
  /// Readers that were removed: an outage may have kept that from the disk.
  std::set<std::string> forgotten_;
  unsigned ticks_until_positions_are_settled_ = 0;
  unsigned store_life_ = 0;            ///< counts how often the store was opened anew
  std::uint64_t shrinking_bytes_ = 0;  ///< of disk that a stretch on its way may take
  NotWorthShrinking not_worth_shrinking_;
  std::optional<std::uint64_t> size_when_disk_got_low_;
  std::optional<Mark> began_without_store_;  ///< until what an earlier run left is known
  unsigned opened_in_vain_ = 0;              ///< how often the disk did not give what is there
  bool writable_ = true;  ///< false: an outage, and no attempt to end it is under way
  bool left_out_until_room_ =
      false;  ///< DropNewest: the queue was full and has not emptied enough yet

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable upkeep_wanted_;
  std::condition_variable shrink_wanted_;
  Ledger ledger_;
  BatchesInMemory newest_;
  BatchesInMemory memory_;  ///< accepted while the disk fails, and not yet on it
  std::deque<Arrival> arrivals_;
  /// The hands on each position; the first of them has no name (`add_reader`).
  std::map<std::string, std::map<std::string, std::unique_ptr<ReaderImpl>>> readers_;
  std::vector<Producer> producers_;
  Notes notes_;
  Notes unwritten_notes_;  ///< that came with what was let go of while the disk failed
  Ticket accepted_ = 0;
  Ticket written_ = 0;  ///< to the store; the same but for an outage
  Ticket synced_ = 0;
  std::vector<DurableWaiter> waiters_;
  bool unsynced_ = false;
  bool tables_to_remove_ = false;
  bool appending_ended_ = false;
  bool closing_ = false;
  std::string last_error_;
  std::vector<std::string> set_aside_;

  std::jthread appender_;
  std::jthread upkeep_;
  std::jthread shrinker_;
};

/// A sender's hand on a reader; the reader's state is in the ledger.
class ReaderImpl final : public Reader {
 public:
  /// `taker`: under which what it does is counted; empty: it is not.
  ReaderImpl(QueueImpl& queue, std::string name, std::string taker,
             std::shared_ptr<std::atomic<bool>> divided)
      : queue_(queue),
        name_(std::move(name)),
        taker_(std::move(taker)),
        divided_(std::move(divided)) {}

  void begin_live() override;
  using Reader::take;
  [[nodiscard]] std::optional<Taken> take(Part part, Share share) override;
  using Reader::has_unsent;
  [[nodiscard]] bool has_unsent(Part part, Share share) const override;
  void on_unsent(std::function<void()> wake) override;
  using Reader::acknowledge;
  void acknowledge(const RangeSet& ranges, Share share) override;
  using Reader::put_back;
  void put_back(const RangeSet& ranges, Share share) override;
  void resend_kept() override;
  void acknowledge_without(const Range& range, const std::vector<std::string>& lines,
                           Share share) override;
  void divide(bool divided) override;
  [[nodiscard]] bool is_divided() const override { return divided_->load(); }
  void change_options(const ReaderOptions& options) override;

 private:
  friend class QueueImpl;

  /// A batch that cannot be read, and how often that was tried.
  struct Unreadable {
    Sequence sequence;
    unsigned attempts = 0;
  };

  [[nodiscard]] ReaderState& state() const;
  [[nodiscard]] Result<void> set_aside(const std::vector<std::string>& lines) const;
  void divide_state(bool divided);
  void count_taken(const Batch& batch, Share share);
  void count_acknowledged(const RangeSet& ranges, Share share);

  QueueImpl& queue_;
  const std::string name_;
  const std::string taker_;
  const std::shared_ptr<std::atomic<bool>> divided_;  ///< of all hands on the position
  /// What is next in a part of a share, and cannot be read. The sender's thread only.
  std::map<std::pair<Part, Share>, Unreadable> unreadable_;
  const BellPtr bell_ = std::make_shared<Bell>();
  // Guarded by the queue's mutex_.
  std::shared_ptr<BatchSelector> selector_;
  std::map<Share, std::map<Sequence, std::uint64_t>> taken_;  ///< points, if they are counted
};

}  // namespace carbon_spool
