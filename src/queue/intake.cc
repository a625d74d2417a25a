#include "intake.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

/// Builders that may wait for the appender: enough that it never starves while an ingest thread is
/// busy reading, few enough that memory stays small (64 KiB each).
constexpr std::size_t kMostSubmitted = 32;
/// What goes into one write of RocksDB, and what is to be together with the last of it: larger ones
/// are no faster and hold up confirmations.
constexpr std::size_t kMostInGroup = kMostTogether;

}  // namespace

std::optional<BatchBuilder> Intake::obtain() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return has_room(); });
  if (stopped_) return std::nullopt;
  lock.unlock();
  return BatchBuilder();
}

std::optional<BatchBuilder> Intake::obtain_within(Milliseconds most) {
  std::unique_lock lock(mutex_);
  const bool in_time = room_.wait_for(lock, most, [this] { return has_room(); });
  if (!in_time || stopped_) return std::nullopt;
  lock.unlock();
  return BatchBuilder();
}

bool Intake::has_room() const {
  return stopped_ || submitted_.size() < kMostSubmitted;
}

Ticket Intake::submit(BatchBuilder builder) {
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (builder.empty()) return last_;
    // After the stop nobody writes it any more: its ticket is one that is never reached.
    ticket = ++last_;
    if (!stopped_) submitted_.push_back({std::move(builder), ticket});
  }
  work_.notify_one();
  return ticket;
}

Ticket Intake::submit(std::vector<BatchBuilder> builders) {
  CS_ASSERT(builders.size() <= kMostTogether);
  std::erase_if(builders, [](const BatchBuilder& each) { return each.empty(); });
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (builders.empty()) return last_;
    ticket = ++last_;
    for (BatchBuilder& each : builders) {
      if (!stopped_) submitted_.push_back({std::move(each), ticket});
    }
  }
  work_.notify_one();
  return ticket;
}

std::optional<Intake::Group> Intake::take() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return stopped_ || !submitted_.empty(); });
  if (submitted_.empty()) return std::nullopt;
  Group group;
  while (!submitted_.empty() &&
         (group.builders.size() < kMostInGroup || submitted_.front().ticket == group.ticket)) {
    group.builders.push_back(std::move(submitted_.front().builder));
    group.ticket = submitted_.front().ticket;
    submitted_.pop_front();
  }
  lock.unlock();
  room_.notify_all();
  return group;
}

void Intake::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  room_.notify_all();
  work_.notify_all();
}

bool Intake::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace carbon_spool
