#include "sender_report.h"

#include <chrono>
#include <utility>

#include "carbon_spool/base/clock.h"

namespace carbon_spool {
SenderReport::SenderReport(const SenderOptions& options,
                           std::function<std::uint64_t()> points_waiting, std::string_view what)
    : label_("destination " + quote_for_log(options.name)),
      points_waiting_(std::move(points_waiting)),
      what_(what) {
  stats_.since = system_clock().unix_seconds();
}

void SenderReport::state(SenderState state) {
  const std::lock_guard lock(mutex_);
  if (stats_.state == state) return;
  stats_.state = state;
  stats_.since = system_clock().unix_seconds();
}

void SenderReport::error(std::string_view why) {
  const std::lock_guard lock(mutex_);
  stats_.last_error = why;
}

void SenderReport::sent(std::uint64_t points, Part part) {
  const std::lock_guard lock(mutex_);
  rate_.add(points, present());
  if (part == Part::Backlog) backlog_rate_.add(points, present());
}

void SenderReport::down(std::string_view why) {
  error(why);
  if (down_since_) return;
  down_since_ = present();
  log_.log(LogLevel::Warning, label_ + " is down: " + std::string(why));
}

bool SenderReport::connected(bool renewal) {
  if (was_connected_ && !renewal) {
    const std::lock_guard lock(mutex_);
    ++stats_.reconnects;
  }
  if (down_since_) {
    const auto seconds = std::chrono::duration_cast<Seconds>(present() - *down_since_);
    std::string line = label_ + " is back after " + describe_duration(seconds);
    if (points_waiting_) line += ", " + std::to_string(points_waiting_()) + " " + what_ + " wait";
    log_.log(LogLevel::Info, line);
  }
  was_connected_ = true;
  return std::exchange(down_since_, std::nullopt).has_value();
}

void SenderReport::unconfirmed(std::string_view why, std::uint64_t points) {
  error(why);
  log_.log(LogLevel::Warning, label_ + " did not confirm a connection: " + std::string(why) + "; " +
                                  std::to_string(points) + " points are sent again");
}

void SenderReport::set_aside(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    log_.log(LogLevel::Error,
             label_ + " fails on this line, which is set aside: " + quote_for_log(line));
  }
}

SenderStats SenderReport::stats() const {
  const std::lock_guard lock(mutex_);
  SenderStats stats = stats_;
  stats.points_per_second = rate_.per_second(present());
  stats.backlog_points_per_second = backlog_rate_.per_second(present());
  return stats;
}

}  // namespace carbon_spool
