#include "look.h"

#include <algorithm>

namespace carbon_spool {
namespace {

constexpr std::int64_t kBehindSeconds = 60;
constexpr std::int64_t kLatelySeconds = 3600;

}  // namespace

bool is_not_connected(const DestinationStatus& destination, const Status& status) {
  // Nothing tries to reach an orphan.
  if (status.state == "stopped" || destination.state == "orphan") return false;
  return destination.state != "connected";
}

bool is_behind(const DestinationStatus& destination) {
  return destination.oldest_unsent_seconds.value_or(0) > kBehindSeconds;
}

bool dropped_lately(const DestinationStatus& destination, std::int64_t now) {
  return destination.last_drop_at && now - *destination.last_drop_at < kLatelySeconds;
}

bool needs_a_look(const Status& status, std::int64_t now) {
  return status.queue.last_error || status.last_reload_error ||
         std::ranges::any_of(status.destinations, [&](const auto& each) {
           return is_not_connected(each, status) || is_behind(each) || dropped_lately(each, now);
         });
}

}  // namespace carbon_spool
