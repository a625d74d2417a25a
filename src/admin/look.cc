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

bool is_behind(const ReaderStatus& reader) {
  return reader.oldest_unsent_seconds.value_or(0) > kBehindSeconds;
}

bool dropped_lately(const ReaderStatus& reader, std::int64_t now) {
  return reader.last_drop_at && now - *reader.last_drop_at < kLatelySeconds;
}

bool needs_a_look(const Status& status, std::int64_t now) {
  return status.queue.last_error || status.last_reload_error ||
         std::ranges::any_of(status.destinations,
                             [&](const auto& each) {
                               return is_not_connected(each, status) || is_behind(each) ||
                                      dropped_lately(each, now);
                             }) ||
         std::ranges::any_of(status.clusters, [&](const ClusterStatus& each) {
           return each.reader && (is_behind(*each.reader) || dropped_lately(*each.reader, now));
         });
}

}  // namespace carbon_spool
