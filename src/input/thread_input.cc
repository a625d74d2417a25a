#include "thread_input.h"

#include <utility>

#include <pthread.h>

namespace carbon_spool {

ThreadInput::ThreadInput(const char* thread, const InputOptions& options, ProducerId producer,
                         PointSink& sink, const RefusalCounts& refused_before, const Clock& clock)
    : thread_name_(thread),
      state_(options, producer, sink, clock, refused_before),
      prepared_(options) {}

Result<void> ThreadInput::prepare(const InputOptions& options) {
  prepared_ = options;
  return success();
}

void ThreadInput::use_prepared() {
  {
    const std::lock_guard lock(mutex_);
    if (in_use_ == prepared_) return;
    in_use_ = prepared_;
    changed_ = true;
  }
  wake();
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

/// The sink is never waited for for long, so this ends soon.
void ThreadInput::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

InputStats ThreadInput::stats() const {
  InputStats stats = state_.stats();
  const std::lock_guard lock(mutex_);
  stats.failing = failing_;
  stats.files = files_;
  return stats;
}

void ThreadInput::run() {
  ::pthread_setname_np(::pthread_self(), thread_name_);
  while (!stopping_) {
    if (const auto options = take_change()) take_up(*options);
    wait(work());
  }
  finish();
}

std::optional<InputOptions> ThreadInput::take_change() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changed_, false) ? in_use_ : std::nullopt;
}

void ThreadInput::wait(Milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_or_stopped_.wait_for(lock, most, [this] { return stopping_ || changed_; });
}

void ThreadInput::show(const Failures& failing, std::vector<FollowedFile> files) {
  const std::lock_guard lock(mutex_);
  failing_ = failing;
  files_ = std::move(files);
}

}  // namespace carbon_spool
