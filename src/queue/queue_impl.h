#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "carbon_spool/queue/queue.h"

#include "batch_format.h"
#include "disk_meter.h"
#include "intake.h"
#include "ledger.h"
#include "newest_batches.h"
#include "store.h"

namespace carbon_spool {

class ReaderImpl;

/// The queue: the ledger says what is needed, the store keeps it, this class keeps the two in step.
/// Its parts, each in its own source: opening and closing (queue_open.cc), appending
/// (queue_append.cc), the cap (queue_room.cc), readers (queue_readers.cc), syncing and removing
/// (queue_upkeep.cc), numbers (queue_stats.cc).
///
/// Locks: `write_mutex_` before `mutex_`. Whoever writes to the store, or changes what is on disk
/// of the ledger, holds `write_mutex_`; whoever looks at or changes anything else holds `mutex_`,
/// never for longer than it takes to touch memory.
class QueueImpl final : public Queue {
 public:
  QueueImpl(const QueueOptions& options, const Clock& clock);
  ~QueueImpl() override;

  [[nodiscard]] Result<void> open();

  [[nodiscard]] ProducerId add_producer(const std::string& name) override;
  [[nodiscard]] std::optional<BatchBuilder> obtain_builder() override { return intake_.obtain(); }
  Ticket submit(BatchBuilder builder) override { return intake_.submit(std::move(builder)); }
  void when_durable(Ticket ticket, std::function<void(bool)> then) override;
  void stop_appending() override;
  [[nodiscard]] Reader& add_reader(const std::string& name, const ReaderOptions& options) override;
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

  /// A group as it will be in the log, if it is let in.
  struct Draft {
    std::vector<BatchPtr> batches;
    Range grown;                                    ///< what the log grows by
    std::map<std::uint32_t, std::uint64_t> shares;  ///< points by producer
    std::uint64_t disk_bytes = 0;
    std::int64_t accepted_at = 0;  ///< Unix milliseconds
    Ticket ticket = 0;
  };

  // queue_append.cc
  void append_loop();
  [[nodiscard]] Draft draft(Intake::Group group) const;
  [[nodiscard]] bool append(const Draft& draft);
  [[nodiscard]] Result<void> write_draft(const Draft& draft, const Admission& admission);
  void publish(const Draft& draft, const Admission& admission);
  void finish_waiters();

  // queue_room.cc; all with write_mutex_ held
  [[nodiscard]] std::optional<Admission> make_room(std::uint64_t incoming,
                                                   std::unique_lock<std::mutex>& write_lock);
  void drop_until_fits(std::uint64_t incoming);
  [[nodiscard]] std::uint64_t limit();
  [[nodiscard]] bool fits(std::uint64_t incoming, std::uint64_t reserve);
  [[nodiscard]] bool forget_least_wanted();
  [[nodiscard]] bool drop_oldest_table();
  [[nodiscard]] Admission admit_those_that_keep_up(std::uint64_t incoming);
  [[nodiscard]] Mark mark_after(Sequence last) const;
  void drop(const std::vector<std::string>& readers, const Range& range, const std::string& reason);
  [[nodiscard]] bool remove_unneeded_tables();

  // queue_readers.cc
  void release(const RangeSet& ranges, Store::Write& write);
  void write_positions(Store::Write& write);
  [[nodiscard]] Result<BatchPtr> find_batch(Sequence sequence) const;
  void drop_unreadable(const std::string& reader, Sequence sequence);

  // queue_upkeep.cc
  void upkeep_loop();
  void sync_now();
  [[nodiscard]] bool sync_is_asked_for() const;

  void note_error(const Error& error);

  // Constant after opening.
  const QueueOptions options_;
  const Clock& clock_;
  const StoreSizes sizes_;
  std::unique_ptr<Store> store_;

  // Have locks of their own.
  Intake intake_;

  // Guarded by write_mutex_.
  mutable std::mutex write_mutex_;
  std::condition_variable room_freed_;
  std::unique_ptr<DiskMeter> meter_;
  std::optional<std::uint64_t> size_when_disk_got_low_;
  bool left_out_until_room_ =
      false;  ///< DropNewest: the queue was full and has not emptied enough yet

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable upkeep_wanted_;
  Ledger ledger_;
  NewestBatches newest_;
  std::map<std::string, std::unique_ptr<ReaderImpl>> readers_;
  std::vector<Producer> producers_;
  std::map<std::string, std::string> notes_;
  Ticket accepted_ = 0;
  Ticket synced_ = 0;
  std::vector<DurableWaiter> waiters_;
  bool unsynced_ = false;
  bool tables_to_remove_ = false;
  bool appending_ended_ = false;
  bool closing_ = false;
  std::string last_error_;

  std::jthread appender_;
  std::jthread upkeep_;
};

/// A reader as others see it; its state is in the ledger.
class ReaderImpl final : public Reader {
 public:
  ReaderImpl(QueueImpl& queue, std::string name) : queue_(queue), name_(std::move(name)) {}

  [[nodiscard]] std::optional<Taken> take() override;
  [[nodiscard]] bool has_unsent() const override;
  void on_unsent(std::function<void()> wake) override;
  void acknowledge(const RangeSet& ranges) override;
  void put_back(const RangeSet& ranges) override;
  void resend_kept() override;
  void acknowledge_without(const Range& range, const std::vector<std::string>& lines) override;

 private:
  friend class QueueImpl;

  [[nodiscard]] ReaderState& state() const;
  [[nodiscard]] Result<void> set_aside(const std::vector<std::string>& lines) const;

  QueueImpl& queue_;
  const std::string name_;
  std::function<void()> wake_;  ///< guarded by the queue's mutex_
};

}  // namespace carbon_spool
