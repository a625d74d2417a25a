// carbon-spool queue peek, export, verify: what waits, looked at.

#include <ctime>
#include <iostream>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/daemon/queue_tools.h"

#include "commands.h"
#include "point_filter.h"
#include "progress.h"
#include "screen.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

int fail(const Error& error) {
  std::cerr << "carbon-spool: " << error.message << '\n';
  return kExitNeedsALook;
}

std::string utc(std::int64_t unix_milliseconds) {
  const std::time_t seconds = unix_milliseconds / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string count_text(std::uint64_t count, const std::string& of_one) {
  return std::to_string(count) + ' ' + of_one + (count == 1 ? "" : "s");
}

std::string points_text(std::uint64_t points) {
  return count_text(points, "point");
}

/// Calls `see` with each line of `lines`, its end with it, until that returns false.
template <class See>
bool each_line(std::string_view lines, See see) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::size_t size = end == std::string_view::npos ? lines.size() : end + 1;
    if (!see(lines.substr(0, size))) return false;
    lines.remove_prefix(size);
  }
  return true;
}

/// What cannot be read, one line each, the first few.
class Unreadable {
 public:
  /// `of`: " of" and of what; empty: of points.
  explicit Unreadable(std::string of = {}) : of_(std::move(of)) {}

  void add(const WalkedBatch& batch) {
    constexpr std::uint64_t kMostShown = 20;
    if (++count_ > kMostShown) return;
    std::cerr << "carbon-spool: batch " << batch.sequence.value << of_
              << " cannot be read: " << batch.problem << '\n';
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  const std::string of_;
  std::uint64_t count_ = 0;
};

/// What a walk to verify has come to.
struct Verified {
  explicit Verified(const std::string& of_what) : of(of_what), unreadable(of_what) {}

  void add(const WalkedBatch& batch) {
    ++batches;
    if (batch.problem.empty()) {
      points += batch.points;
    } else {
      unreadable.add(batch);
    }
  }

  const std::string of;  ///< as `Unreadable` has it
  Unreadable unreadable;
  std::uint64_t batches = 0;
  std::uint64_t points = 0;
};

/// A walk as the arguments ask for it: what it needs to begin, or the exit code if it cannot.
struct Beginning {
  std::unique_ptr<QueueTools> tools;
  PointFilter filter;
  WalkOptions options;
};

std::optional<Beginning> begin(const WaitingArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return std::nullopt;
  auto filter = PointFilter::make(arguments.path, arguments.from, arguments.until,
                                  system_clock().unix_seconds());
  if (!filter) {
    std::cerr << "carbon-spool: " << filter.error().message << '\n';
    return std::nullopt;
  }
  Beginning begun{QueueTools::for_queue(*config), std::move(filter.value()), {}};
  if (!arguments.destination.empty()) begun.options.reader = arguments.destination;
  return begun;
}

}  // namespace

int peek_queue(const PeekArguments& arguments) {
  const auto begun = begin(arguments.waiting);
  if (!begun) return kExitBadUsage;
  std::string page;
  std::uint64_t shown = 0;
  bool more = false;
  WalkedBatch any;
  Unreadable unreadable;
  const auto walked = begun->tools->walk(begun->options, [&](const WalkedBatch& batch) {
    any = batch;
    if (!batch.problem.empty()) {
      unreadable.add(batch);
      return true;
    }
    return each_line(batch.lines, [&](std::string_view line) {
      if (!begun->filter.matches(line)) return true;
      more = shown == arguments.limit;
      if (more) return false;
      ++shown;
      page += utc(batch.accepted_at) + "  " + std::string(line);
      return true;
    });
  });
  if (!walked) return fail(walked.error());
  std::string head = points_text(any.of_points) + " in " + std::to_string(any.of_batches) +
                     (any.of_batches == 1 ? " batch" : " batches") + " wait";
  if (begun->options.reader) head += " for " + *begun->options.reader;
  if (shown > 0) head += "; when they were accepted, and the points:";
  if (any.of_points > 0 && shown == 0) head += "; none of them matches";
  page = head + '\n' + page;
  if (more) page += "… and more: --limit shows more, `queue export` all\n";
  print(page);
  return unreadable.count() > 0 ? kExitNeedsALook : kExitGood;
}

int export_queue(const WaitingArguments& arguments) {
  const auto begun = begin(arguments);
  if (!begun) return kExitBadUsage;
  Progress progress("export");
  Unreadable unreadable;
  std::uint64_t batches = 0;
  std::string chosen;
  bool written = true;
  const auto walked = begun->tools->walk(begun->options, [&](const WalkedBatch& batch) {
    progress.show(++batches, batch.of_batches);
    if (!batch.problem.empty()) {
      unreadable.add(batch);
      return true;
    }
    chosen.clear();
    if (begun->filter.matches_all()) {
      chosen = batch.lines;
    } else {
      each_line(batch.lines, [&](std::string_view line) {
        if (begun->filter.matches(line)) chosen += line;
        return true;
      });
    }
    written = chosen.empty() || print(chosen);
    return written;
  });
  if (!walked) return fail(walked.error());
  if (!written) return fail(Error{"standard output cannot be written"});
  if (unreadable.count() > 0) {
    return fail(Error{std::to_string(unreadable.count()) + " batches are left out"});
  }
  return kExitGood;
}

int verify_queue(const VerifyArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  const auto tools = QueueTools::for_queue(*config);
  Progress progress("verify");
  Verified points("");
  const auto walked = tools->walk({std::nullopt, true}, [&](const WalkedBatch& batch) {
    progress.show(points.batches, batch.of_batches);
    points.add(batch);
    return true;
  });
  if (!walked) return fail(walked.error());
  Verified events(" of events");
  const auto walked_events = tools->verify_events([&](const WalkedBatch& batch) {
    events.add(batch);
    return true;
  });
  if (!walked_events) return fail(walked_events.error().in("events"));
  const auto tell = [](const Verified& seen, const std::string& what) {
    if (seen.unreadable.count() == 0) {
      print(std::to_string(seen.batches) + " batches with " + what +
            " were read, all of them well\n");
      return true;
    }
    fail(Error{std::to_string(seen.unreadable.count()) + " of " + std::to_string(seen.batches) +
               " batches" + seen.of + " cannot be read"});
    return false;
  };
  bool well = tell(points, points_text(points.points));
  if (has_event_queue(*config) || events.batches > 0) {
    well = tell(events, count_text(events.points, "event")) && well;
  }
  return well ? kExitGood : kExitNeedsALook;
}

}  // namespace carbon_spool
