#include "carbon_spool/output/standing.h"

#include <utility>

namespace carbon_spool {

std::optional<Standing::Moment> Standing::down_since() const {
  const std::lock_guard lock(mutex_);
  return since_;
}

void Standing::set(bool down) {
  const std::lock_guard lock(mutex_);
  if (down_.exchange(down) == down) return;
  since_.reset();
  if (down) since_ = std::chrono::steady_clock::now();
  for (const auto& [listener, told] : listeners_) told();
}

void Standing::on_change(const void* listener, std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  if (told) {
    listeners_[listener] = std::move(told);
  } else {
    listeners_.erase(listener);
  }
}

}  // namespace carbon_spool
