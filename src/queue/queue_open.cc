// Opening and closing.

#include <utility>

#include <pthread.h>

#include "carbon_spool/base/log.h"

#include "queue_impl.h"
#include "state_keys.h"

namespace carbon_spool {
QueueImpl::QueueImpl(const QueueOptions& options, const Clock& clock, const Ground& ground)
    : clock_(clock),
      ground_(ground),
      joins_small_(options.join_small),
      options_(options),
      sizes_(StoreSizes::for_cap(options.max_size)) {}

Result<void> QueueImpl::open() {
  auto store = open_store();
  if (store) {
    take_over(std::move(store.value()));
  } else if (store.error().message.ends_with(Store::kInUse)) {
    return store.error();
  } else {
    begin_without_store(store.error());
  }
  start_threads();
  return success();
}

void QueueImpl::take_over(OpenedStore opened) {
  const std::lock_guard write_lock(write_mutex_);
  store_ = std::move(opened.store);
  RestoredState restored = recover_state(opened);
  {
    const std::lock_guard lock(mutex_);
    ledger_ = std::move(restored.ledger);
    notes_ = std::move(restored.notes);
    for (const auto& [name, accepted] : restored.producers) producers_.push_back({name, accepted});
    // Nobody watched the destinations since then: they may have died with what they had not stored.
    if (!restored.ended_in_order) {
      for (auto& [name, reader] : ledger_.readers()) reader.resend_kept();
    }
  }
  store_->begin_at(ledger_.end().sequence);
  meter_ = std::make_unique<DiskMeter>(*store_);
  persist(true, [this](Store::Write& write) {
    write.put_state(kSchemaKey, kSchema);
    write.put_state(kEndedInOrderKey, "0");
    write.put_state(kLogKey, encode_mark(ledger_.end()));
    put_positions(write);
  });
  if (writable_) end_repair(ground_.disk, options_.path);
  // The cap may have become smaller.
  if (options_.when_full == WhenFull::DropOldest) drop_until_fits(0);
}

/// The disk fails already. What comes in gets sequences far behind all that may be on it: they grow
/// slower than time does.
void QueueImpl::begin_without_store(const Error& why) {
  constexpr std::uint64_t kSequencesInMillisecond = 1024;
  const std::lock_guard write_lock(write_mutex_);
  const auto now = static_cast<std::uint64_t>(clock_.unix_milliseconds());
  began_without_store_ = Mark{Sequence{now * kSequencesInMillisecond}, 0, 0};
  ledger_.set_end(*began_without_store_);
  begin_outage(why);
}

void QueueImpl::start_threads() {
  appender_ = std::jthread([this] { append_loop(); });
  pthread_setname_np(appender_.native_handle(), "append");
  upkeep_ = std::jthread([this] { upkeep_loop(); });
  pthread_setname_np(upkeep_.native_handle(), "upkeep");
  shrinker_ = std::jthread([this] { shrink_loop(); });
  pthread_setname_np(shrinker_.native_handle(), "shrink");
}

QueueImpl::~QueueImpl() {
  if (!upkeep_.joinable()) return;  // it never opened
  stop_appending();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    upkeep_wanted_.notify_all();
    shrink_wanted_.notify_all();
  }
  upkeep_.join();
  shrinker_.join();
  const std::lock_guard write_lock(write_mutex_);
  if (outage_) try_to_end_outage();
  if (!memory_.empty()) {
    log(LogLevel::Error, "queue: the disk still fails: " + std::to_string(memory_.points()) +
                             " points that were only in memory are lost");
  }
  persist(options_.sync.kind != SyncPolicy::Kind::Never, [this](Store::Write& write) {
    put_positions(write);
    write.put_state(kEndedInOrderKey, "1");
  });
  store_.reset();  // while what its listener touches is still there
}

Result<std::unique_ptr<Queue>> Queue::open(const QueueOptions& options, const Clock& clock) {
  auto queue = std::make_unique<QueueImpl>(options, clock);
  if (auto opened = queue->open(); !opened) return opened.error().in("open queue");
  return std::unique_ptr<Queue>(std::move(queue));
}

ProducerId QueueImpl::add_producer(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t index = 0; index < producers_.size(); ++index) {
    if (producers_[index].name == name) return {index};
  }
  producers_.push_back({name, 0});
  return {static_cast<std::uint32_t>(producers_.size() - 1)};
}

void QueueImpl::change_options(const QueueOptions& options) {
  const std::lock_guard write_lock(write_mutex_);
  {
    const std::lock_guard lock(mutex_);
    const QueueOptions before = std::exchange(options_, options);
    options_.path = before.path;
    options_.memory_for_newest = before.memory_for_newest;
    options_.join_small = before.join_small;
    sizes_ = StoreSizes::for_cap(options_.max_size);
    upkeep_wanted_.notify_all();
  }
  if (store_) store_->set_sizes(sizes_);
  if (options_.when_full == WhenFull::DropOldest) drop_until_fits(0);
  room_freed_.notify_all();
}

void QueueImpl::note_error(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error.message;
}

}  // namespace carbon_spool
