#include "batch_gatherer.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

BatchBuilder* BatchGatherer::builder(PointSink& sink) {
  CS_ASSERT(sink_ == nullptr || sink_ == &sink);
  sink_ = &sink;
  if (builder_) return &*builder_;
  {
    const std::lock_guard lock(mutex_);
    held_ = true;
    changed_.notify_all();
  }
  builder_ = sink_->obtain_builder();
  const std::lock_guard lock(mutex_);
  held_ = false;
  return builder_ ? &*builder_ : nullptr;
}

void BatchGatherer::hand_over() {
  if (builder_ && !builder_->empty()) {
    last_ticket_ = sink_->submit(std::move(*builder_));
    builder_.reset();
  }
  ask_for_durability();
}

void BatchGatherer::after_durable(std::unique_ptr<DurabilityWaiter> waiter) {
  waiters_.push_back(std::move(waiter));
}

void BatchGatherer::ask_for_durability() {
  if (waiters_.empty()) return;
  // Shared only because a std::function must be copyable; the handler on our thread empties it.
  auto waiters = std::make_shared<Waiters>(std::exchange(waiters_, {}));
  sink_->when_durable(last_ticket_, [this, waiters](bool accepted) {
    boost::asio::post(io_, [waiters, accepted] {
      for (const auto& each : std::exchange(*waiters, {})) each->on_durable(accepted);
    });
  });
}

void BatchGatherer::run_unless_held(std::function<void()> work) {
  const auto done = std::make_shared<bool>(false);
  boost::asio::post(io_, [this, done, work = std::move(work)] {
    work();
    const std::lock_guard lock(mutex_);
    *done = true;
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return *done || held_; });
}

}  // namespace carbon_spool
