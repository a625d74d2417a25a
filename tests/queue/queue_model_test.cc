// Random work against a queue and against a model of it that a child could check: for each reader
// the set of points it still has to get.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <map>
#include <random>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/queue/queue.h"

#include "copy_at_rest.h"
#include "random_seed.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using Point = std::uint64_t;

std::set<Point> points_of(std::string_view lines) {
  std::set<Point> points;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    points.insert(std::strtoull(lines.data() + at + 1, nullptr, 10));
  }
  return points;
}

struct Sent {
  Range range;
  std::set<Point> waiting;  ///< not acknowledged before
  std::set<Point> again;    ///< acknowledged before, and sent again
};

struct ReaderModel {
  Reader* reader = nullptr;
  std::set<Point> unsent;
  std::set<Point> resending;  ///< acknowledged and to be sent again
  std::vector<Sent> sent;
  Point live_from = 1;
  Point keeps_from = 0;  ///< it may be asked to send what it acknowledged from here on again
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t dropped = 0;
  std::uint64_t asleep = 0;  ///< steps for which nothing is done with it: it falls behind
};

std::uint64_t dropped_in(const ReaderStats& stats) {
  std::uint64_t dropped = 0;
  for (const auto& [reason, points] : stats.dropped_points) dropped += points;
  return dropped;
}

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    for (const char* name : {"a", "b", "c"}) readers_[name] = {};
    options_.path = folder_ / "queue-0";
    options_.max_size = kMinQueueSize;
    options_.min_free_disk = 0;
    options_.sync.kind = SyncPolicy::Kind::Never;
    options_.memory_for_newest = 4096;  // most batches are read from the store
    open();
  }

  void step() {
    ReaderModel& reader = std::next(readers_.begin(), static_cast<long>(below(3)))->second;
    const auto choice = below(10'000);
    if (choice < 4000) return append(choice);
    if (choice >= 9990) return change_the_whole(choice);
    if (reader.asleep > 0) {
      --reader.asleep;
      return;
    }
    if (choice < 7000) return take(reader);
    if (choice < 9000) return acknowledge(reader, below(4) == 0);
    if (choice < 9900) return put_back(reader);
    if (choice < 9970) return begin_live(reader);
    if (choice < 9985) return resend_kept(reader);
    reader.asleep = below(20'000);
  }

  /// Counts must be exact at any moment. Where something was dropped, the reader is emptied to see
  /// that exactly that is missing.
  void check(bool parts_too = false) {
    for (const ReaderStats& found : queue_->stats().readers) {
      ReaderModel& expected = readers_.at(found.name);
      REQUIRE(found.received_points == expected.received);
      REQUIRE(found.received_points ==
              found.acknowledged_points + found.pending_points + dropped_in(found));
      REQUIRE(found.pending_points == found.unsent_points + found.unconfirmed_points);
      for (const auto& [reason, points] : found.dropped_points) reasons_.insert(reason);
      if (dropped_in(found) != expected.dropped) {
        empty(expected, dropped_in(found) - expected.dropped);
        continue;
      }
      std::uint64_t unconfirmed = 0;
      for (const Sent& each : expected.sent) unconfirmed += each.waiting.size();
      REQUIRE(found.acknowledged_points == expected.acknowledged);
      REQUIRE(found.unsent_points == expected.unsent.size());
      REQUIRE(found.unconfirmed_points == unconfirmed);
      if (!parts_too) continue;
      REQUIRE(found.backlog_points ==
              static_cast<std::uint64_t>(std::distance(
                  expected.unsent.begin(), expected.unsent.lower_bound(expected.live_from))));
    }
  }

  [[nodiscard]] bool saw_everything() const {
    return saw_again_ && reasons_ == std::set<std::string>{"cap", "max_backlog"};
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void open() {
    auto queue = Queue::open(options_);
    if (!queue) FAIL(queue.error().message);
    queue_ = std::move(queue.value());
    producer_ = queue_->add_producer("model");
    for (auto& [name, reader] : readers_) {
      ReaderOptions options;
      if (name == "b") options.max_backlog = 4u << 20;
      if (name == "c") options.keep_acknowledged_for = std::chrono::hours(1);
      reader.reader = &queue_->add_reader(name, options);
      reader.live_from = next_;
    }
  }

  void append(std::uint64_t choice) {
    const std::uint64_t count = 1 + below(40);
    // Some fill the disk: they are long, and nothing compresses them.
    const std::size_t filling = choice < 80 ? 60'000 / count : 0;
    std::string lines;
    for (std::uint64_t i = 0; i < count; ++i) {
      lines += 'p' + std::to_string(next_) + '.';
      for (std::size_t at = 0; at < filling; ++at) lines += static_cast<char>('!' + below(90));
      lines += " 1 1700000000\n";
      for (auto& [name, reader] : readers_) {
        reader.unsent.insert(next_);
        ++reader.received;
      }
      ++next_;
    }
    auto builder = queue_->obtain_builder();
    std::memcpy(builder->room().data(), lines.data(), lines.size());
    builder->commit(producer_, lines.size(), static_cast<std::uint32_t>(count), 1700000000,
                    1700000000);
    std::promise<void> done;
    queue_->when_durable(queue_->submit(std::move(*builder)), [&](bool) { done.set_value(); });
    done.get_future().get();
  }

  void take(ReaderModel& model) {
    const Part part = below(2) == 0 ? Part::Live : Part::Backlog;
    const auto taken = model.reader->take(part);
    if (!taken) return;
    const std::set<Point> points = points_of(taken->batch->lines());
    REQUIRE((*points.begin() >= model.live_from) == (part == Part::Live));
    Sent sent{taken->batch->range(), {}, {}};
    if (model.resending.erase(*points.begin()) == 1) {
      REQUIRE(taken->sent_before);
      for (const Point point : points) model.resending.erase(point);
      sent.again = points;
      saw_again_ = true;
    } else {
      const auto oldest =
          part == Part::Live ? model.unsent.lower_bound(model.live_from) : model.unsent.begin();
      // What was dropped is missing in front; check() counts it.
      REQUIRE(*oldest <= *points.begin());
      for (const Point point : points) REQUIRE(model.unsent.erase(point) == 1);
      sent.waiting = points;
    }
    model.sent.push_back(std::move(sent));
  }

  void acknowledge(ReaderModel& model, bool all) {
    check();  // for the drops: what they took counts nothing here
    RangeSet ranges;
    while (!model.sent.empty()) {
      const std::size_t which = below(model.sent.size());
      ranges.insert(model.sent[which].range);
      model.acknowledged += model.sent[which].waiting.size();
      keep(model, model.sent[which]);
      model.sent.erase(model.sent.begin() + static_cast<long>(which));
      if (!all) break;
    }
    model.reader->acknowledge(ranges);
  }

  void keep(ReaderModel& model, const Sent& sent) {
    if (&model != &readers_.at("c")) return;
    kept_.insert(sent.waiting.begin(), sent.waiting.end());
    kept_.insert(sent.again.begin(), sent.again.end());
  }

  void put_back(ReaderModel& model) {
    if (model.sent.empty()) return;
    const std::size_t which = below(model.sent.size());
    RangeSet ranges;
    ranges.insert(model.sent[which].range);
    put_back(model, model.sent[which]);
    model.sent.erase(model.sent.begin() + static_cast<long>(which));
    model.reader->put_back(ranges);
  }

  static void put_back(ReaderModel& model, const Sent& sent) {
    model.unsent.insert(sent.waiting.begin(), sent.waiting.end());
    model.resending.insert(sent.again.begin(), sent.again.end());
  }

  /// It has no effect while what waits has too many gaps.
  void begin_live(ReaderModel& model) {
    model.reader->begin_live();
    if (!model.reader->has_unsent(Part::Live)) model.live_from = next_;
  }

  void resend_kept(ReaderModel& model) {
    if (&model != &readers_.at("c")) return;
    check();
    model.reader->resend_kept();
    // The cap takes what is kept first, so there may be less of it than the model knows.
    model.resending.insert(kept_.begin(), kept_.end());
    kept_.clear();
    if (!model.reader->has_unsent(Part::Live)) model.live_from = next_;
  }

  void change_the_whole(std::uint64_t choice) {
    if (choice < 9994) {
      options_.max_size = kMinQueueSize * (1 + below(3));
      queue_->change_options(options_);
    } else if (choice < 9997) {
      reopen(false);
    } else {
      reopen(true);
    }
  }

  /// After a crash: with a copy of the folder, made while the queue was open.
  void reopen(bool crash) {
    check();
    if (crash) {
      const std::string before = options_.path;
      options_.path = folder_ / ("queue-" + std::to_string(++copies_));
      copy_at_rest(before, options_.path);
      queue_.reset();
      std::filesystem::remove_all(before);
    }
    queue_.reset();
    for (auto& [name, reader] : readers_) {
      for (const Sent& sent : reader.sent) put_back(reader, sent);
      reader.sent.clear();
    }
    ReaderModel& keeper = readers_.at("c");
    if (crash) {
      keeper.resending.insert(kept_.begin(), kept_.end());
      kept_.clear();
    }
    open();
  }

  void empty(ReaderModel& model, std::uint64_t newly_dropped) {
    RangeSet all;
    std::set<Point> waiting = model.unsent;
    for (const Sent& sent : model.sent) {
      all.insert(sent.range);
      waiting.insert(sent.waiting.begin(), sent.waiting.end());
    }
    if (!all.empty()) model.reader->put_back(all);
    model.sent.clear();
    RangeSet got;
    std::uint64_t found = 0;
    while (const auto taken = model.reader->take()) {
      for (const Point point : points_of(taken->batch->lines())) found += waiting.erase(point);
      got.insert(taken->batch->range());
    }
    REQUIRE(waiting.size() == newly_dropped);
    model.reader->acknowledge(got);
    model.acknowledged += found;
    model.dropped += newly_dropped;
    model.unsent.clear();
    model.resending.clear();
    if (&model == &readers_.at("c")) {
      model.reader->resend_kept();  // to know again what is kept: nothing
      RangeSet again;
      while (const auto taken = model.reader->take()) again.insert(taken->batch->range());
      forget_kept(model, again);
    }
    begin_live(model);
  }

  void forget_kept(ReaderModel& model, const RangeSet& taken) {
    ReaderOptions options;
    model.reader->change_options(options);
    model.reader->acknowledge(taken);
    options.keep_acknowledged_for = std::chrono::hours(1);
    model.reader->change_options(options);
    kept_.clear();
  }

  const TempDir folder_;
  std::mt19937_64 random_;
  QueueOptions options_;
  std::unique_ptr<Queue> queue_;
  ProducerId producer_;
  std::map<std::string, ReaderModel> readers_;
  std::set<Point> kept_;  ///< by reader c
  Point next_ = 1;
  unsigned copies_ = 0;
  std::set<std::string> reasons_;
  bool saw_again_ = false;
};

void run(unsigned seed, int steps) {
  INFO("seed " << seed);
  Model model(seed);
  for (int step = 0; step < steps; ++step) {
    model.step();
    if (step % 100 == 0) model.check(true);
  }
  model.check(true);
  // The whole of it sees drops by the cap and by the backlog of one reader, and points sent again.
  if (steps >= 100'000) REQUIRE(model.saw_everything());
}

TEST_CASE("a queue does what its model does, whatever comes in whatever order", "[queue][model]") {
  const unsigned seed = chosen_seed();
  WARN("seed " << seed);
  run(seed, std::getenv("CARBON_SPOOL_LONG") != nullptr ? 1'000'000 : 30'000);
}

}  // namespace
}  // namespace carbon_spool
