#include "carbon_spool/statsd/statsd_watch.h"

#include <utility>

#include <fnmatch.h>

namespace carbon_spool {
namespace {

constexpr std::size_t kMostWatchers = 8;
constexpr std::size_t kMostBytes = 256 * 1024;
constexpr std::chrono::seconds kForgottenAfter(10);

}  // namespace

std::string StatsdWatch::ask(const std::string& watcher, const std::string& pattern, Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_,
                [&](const auto& each) { return now - each.second.asked_at > kForgottenAfter; });
  const bool known = watchers_.contains(watcher);
  if (!known && watchers_.size() >= kMostWatchers) return "";
  Watcher& mine = watchers_[watcher];
  mine.pattern = pattern;
  mine.asked_at = now;
  any_ = true;
  std::string seen = std::exchange(mine.seen, {});
  if (const std::uint64_t left_out = std::exchange(mine.left_out, 0)) {
    seen += "... " + std::to_string(left_out) + " more\n";
  }
  return seen;
}

void StatsdWatch::see(const std::string& name, std::string_view line) {
  const std::lock_guard lock(mutex_);
  bool anybody = false;
  const Time now = std::chrono::steady_clock::now();
  for (auto& [ignored, each] : watchers_) {
    if (now - each.asked_at > kForgottenAfter) continue;
    anybody = true;
    if (::fnmatch(each.pattern.c_str(), name.c_str(), 0) != 0) continue;
    if (each.seen.size() + line.size() + 1 > kMostBytes) {
      ++each.left_out;
      continue;
    }
    each.seen.append(line).append("\n");
  }
  any_ = anybody;
}

}  // namespace carbon_spool
