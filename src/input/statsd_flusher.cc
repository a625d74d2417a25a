#include "statsd_flusher.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "carbon_spool/statsd/statsd_time.h"

#include "input_state.h"
#include "made_points.h"

namespace carbon_spool {
namespace {

/// The most that is kept of an interval, and the most of it in a second: it goes through the
/// queue's write-ahead log each time.
constexpr std::size_t kMostKept = std::size_t{4} << 20;
constexpr std::size_t kMostKeptInSecond = std::size_t{1} << 20;
constexpr Milliseconds kKeepEvery{1000};
/// How long a flush waits for the sink; less if the next one comes sooner.
constexpr Milliseconds kMostPatience{5000};

/// What is kept: `SLOT FLUSHED LF`, then what the aggregator saved.
struct Kept {
  std::int64_t slot = 0;
  bool flushed = false;
  std::string_view saved;
};

std::optional<Kept> read_kept(std::string_view text) {
  Kept kept;
  const std::size_t line = text.find('\n');
  const std::size_t blank = text.find(' ');
  if (line == std::string_view::npos || blank == std::string_view::npos || blank > line) {
    return std::nullopt;
  }
  const auto [end, failure] = std::from_chars(text.data(), text.data() + blank, kept.slot);
  if (failure != std::errc() || end != text.data() + blank) return std::nullopt;
  constexpr std::int64_t kLast = std::int64_t{UINT32_MAX} * 1000;  // of Graphite's timestamps
  if (kept.slot <= 0 || kept.slot > kLast) return std::nullopt;
  kept.flushed = text.substr(blank + 1, line - blank - 1) == "flushed";
  kept.saved = text.substr(line + 1);
  return kept;
}

void show(std::string_view line, StatsdWatch& watch) {
  line.remove_suffix(1);
  watch.see(std::string(line.substr(0, line.find(' '))), "> " + std::string(line));
}

}  // namespace

StatsdFlusher::StatsdFlusher(const StatsdInputOptions& options, StatsdAggregator& aggregator,
                             InputState& input)
    : options_(options),
      interval_(options.statsd.flush_interval.count()),
      key_("statsd/" + input.name),
      aggregator_(aggregator),
      input_(input),
      flush_(options.statsd, input.clock) {
  last_.last_flush = statsd_seconds(input.clock.now());
}

std::int64_t StatsdFlusher::now() const {
  return input_.clock.unix_milliseconds();
}

StatsdFlusher::Slot StatsdFlusher::slot_at(std::int64_t milliseconds) const {
  return (milliseconds / interval_ + 1) * interval_;
}

void StatsdFlusher::begin() {
  open_ = slot_at(now());
  keep_at_ = std::chrono::steady_clock::now() + kKeepEvery;
  const std::string text = input_.sink.kept(key_).value_or("");
  if (text.empty()) return;
  const std::optional<Kept> kept = read_kept(text);
  bool sound = kept.has_value();
  if (kept && kept->slot < open_ && kept->flushed) {
    if (options_.persist) sound = aggregator_.restore(kept->saved, true);
  } else if (kept) {
    sound = aggregator_.restore(kept->saved);
    if (kept->slot < open_) static_cast<void>(flush(kept->slot));
  }
  if (!sound) input_.log_trouble("what was kept of an interval is damaged, a part of it is lost");
  if (!options_.persist) input_.sink.keep(key_, "");
}

Milliseconds StatsdFlusher::tick() {
  const std::int64_t time = now();
  // The clock was set back: the slot that is open is far ahead.
  if (open_ - time > interval_) open_ = slot_at(time);
  if (time >= open_) {
    // After a sleep of the machine it is not the slot that just ended.
    const bool late = time - open_ >= interval_;
    static_cast<void>(flush(late ? slot_at(time) - interval_ : open_));
    open_ = slot_at(time);
  }
  if (options_.persist) keep_if_due();
  return std::clamp(Milliseconds(open_ - now()), Milliseconds(1), kKeepEvery);
}

bool StatsdFlusher::flush(Slot slot) {
  StatsdFlushStats last = last_flush();
  const std::int64_t began = now();
  aggregator_.close_interval(closed_, statsd_seconds(input_.clock.now()));
  StatsdWatch& watch = aggregator_.watch();
  MadePoints points(input_, std::min(kMostPatience, Milliseconds(interval_ / 2)), "a flush");
  flush_.write(closed_, statsd_seconds(std::chrono::system_clock::time_point(Milliseconds(slot))),
               last, [&](std::string_view line) {
                 points.add(line);
                 if (watch.any()) show(line, watch);
               });
  points.finish();

  const UnixSeconds ended = statsd_seconds(input_.clock.now());
  last.flush_time = Milliseconds(std::max<std::int64_t>(now() - began, 0));
  last.flush_length = points.bytes();
  (points.dropped() > 0 ? last.last_exception : last.last_flush) = ended;
  {
    const std::lock_guard lock(mutex_);
    last_ = last;
  }
  const bool all = points.dropped() == 0;
  if (!options_.persist) return all;
  flush_accepted_ = std::make_shared<std::atomic<bool>>(points.ticket() == 0);
  if (points.ticket() == 0) return all;
  input_.sink.when_durable(points.ticket(),
                           [accepted = flush_accepted_](bool) { *accepted = true; });
  return all;
}

void StatsdFlusher::keep_if_due() {
  const auto time = std::chrono::steady_clock::now();
  if (time < keep_at_ || (flush_accepted_ && !*flush_accepted_)) return;
  const std::optional<std::string> saved = aggregator_.save(kMostKept);
  keep(open_, false, saved);
  const std::size_t seconds = saved ? saved->size() / kMostKeptInSecond : 0;
  keep_at_ = time + kKeepEvery * (1 + seconds);
}

void StatsdFlusher::keep(Slot slot, bool flushed, const std::optional<std::string>& saved) {
  if (!saved && !std::exchange(too_long_said_, true)) {
    input_.log_trouble("an interval takes more than 4 MiB: it is not kept");
  }
  std::string text;
  if (saved) text = std::to_string(slot) + (flushed ? " flushed\n" : " open\n") + *saved;
  input_.sink.keep(key_, text);
}

void StatsdFlusher::finish() {
  const std::optional<std::string> saved = aggregator_.save(kMostKept);
  const bool flushed = flush(open_);
  keep(open_, flushed, saved);
}

StatsdFlushStats StatsdFlusher::last_flush() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace carbon_spool
