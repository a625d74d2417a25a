// Power loss at random moments: below RocksDB a disk that forgets what was not synced. What each
// `sync` promises is what is checked.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "env_on.h"
#include "forgetful_disk.h"
#include "numbered_points.h"
#include "queue_impl.h"
#include "queue_steps.h"
#include "random_seed.h"

namespace carbon_spool {
namespace {

using Unsynced = ForgetfulDisk::Unsynced;

std::uint64_t dropped_for(const ReaderStats& stats, const std::string& reason) {
  const auto at = stats.dropped_points.find(reason);
  return at == stats.dropped_points.end() ? 0 : at->second;
}

/// What is durable, whatever happens: points of the log, and acknowledgements.
struct Promise {
  std::size_t points = 0;
  std::size_t acknowledgements = 0;

  void extend(const Promise& other) {
    points = std::max(points, other.points);
    acknowledgements = std::max(acknowledgements, other.acknowledgements);
  }
};

/// One queue, from one power loss to the next.
class Lives {
 public:
  Lives(unsigned seed, const SyncPolicy& sync) : random_(seed) {
    options_.path = folder_ / "0/deep/queue";
    options_.max_size = kMinQueueSize;
    options_.min_free_disk = 0;
    options_.sync = sync;
    options_.memory_for_newest = 64 << 10;
    std::filesystem::create_directory(folder_ / "0");
    std::filesystem::create_directory(folder_ / "inodes");
  }

  void live() {
    const std::string root = folder_ / std::to_string(life_);
    const auto disk = std::make_shared<ForgetfulDisk>(root, folder_ / "inodes");
    EnvOn env(disk);
    disk_ = disk.get();
    if (life_ > 0 && below(4) == 0) disk->fail_power_in(1 + below(80));
    auto queue = std::make_unique<QueueImpl>(options_, system_clock(),
                                             Ground{env, std::chrono::milliseconds(20)});
    REQUIRE(queue->open());
    queue_ = queue.get();
    readers_["a"].reader = &queue->add_reader("a", {});
    readers_["b"].reader = &queue->add_reader("b", {});
    producer_ = queue->add_producer("test");
    compare();
    if (!disk->power_failed()) {
      // What was found was written down, and synced, when the queue was opened.
      if (life_ > 0) disk->fail_power_in(1 + below(below(2) == 0 ? 40 : 500));
      const bool sleepy = below(3) > 0;
      const std::uint64_t steps = 50 + below(1500);
      for (std::uint64_t i = 0; i < steps && !disk->power_failed(); ++i) step(sleepy);
    }
    const bool in_order = life_ == 0 || (!disk->power_failed() && below(2) == 0);
    if (in_order) {
      if (life_ == 0) disk->fail_power_in(UINT64_MAX / 2);
      queue.reset();
      if (!disk->power_failed() && promises()) {
        promise({log_.size(), acknowledgements_.size()});
      }
    }
    disk->fail_power_in(0);
    queue.reset();
    ++life_;
    const std::string next = folder_ / std::to_string(life_);
    std::filesystem::create_directory(next);
    const auto unsynced = static_cast<Unsynced>(below(3));
    if (unsynced == Unsynced::Scattered) scattered_ = true;
    disk->restore(next, unsynced, random_);
    std::filesystem::remove_all(root);
    options_.path = next + "/deep/queue";
  }

 private:
  struct ReaderModel {
    Reader* reader = nullptr;
    std::set<Point> acknowledged;  ///< whether the queue still knows or not
    std::set<Point> done_for_good;
    std::vector<Reader::Taken> taken;
    std::uint64_t poison = 0;
  };
  struct Acknowledgement {
    ReaderModel* reader;
    std::vector<Point> points;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool promises() const { return options_.sync.kind != SyncPolicy::Kind::Never; }

  void promise(const Promise& more) {
    const std::lock_guard lock(mutex_);
    promised_.extend(more);
  }

  void step(bool sleepy) {
    const auto choice = below(100);
    if (choice < 45) return append();
    if (choice < 50) return look_at_syncs();
    ReaderModel& reader = readers_.at(sleepy || below(2) == 0 ? "a" : "b");
    if (choice < 75) return take(reader);
    if (choice < 95) return acknowledge(reader, below(3) == 0);
    if (choice < 97) return put_back(reader);
    if (choice < 98) return poison(reader);
    queue_->put_note("colour", std::to_string(below(100)));
  }

  void append() {
    std::string lines;
    const std::uint64_t count = 1 + below(10);
    for (std::uint64_t i = 0; i < count; ++i) {
      lines += line_of_point(next_);
      log_.push_back(next_++);
    }
    auto builder = queue_->obtain_builder();
    REQUIRE(builder);
    std::memcpy(builder->room().data(), lines.data(), lines.size());
    builder->commit(producer_, lines.size(), static_cast<std::uint32_t>(count), kTimestamp,
                    kTimestamp);
    const Promise asked{log_.size(), acknowledgements_.size()};
    const Ticket ticket = queue_->submit(std::move(*builder));
    const auto kind = below(4);
    // Under Always whatever is accepted is promised, whether somebody asks or not.
    if (kind == 0) return;
    auto answer = std::make_shared<std::promise<void>>();
    queue_->when_durable(ticket, [this, asked, answer](bool durable) {
      if (durable && promises()) promise(asked);
      answer->set_value();
    });
    // While the power is off nobody answers.
    auto answered = answer->get_future();
    while (kind < 3 && !disk_->power_failed() &&
           answered.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    }
  }

  /// What was accepted before the write-ahead log was synced, for whatever reason, is durable: the
  /// interval is the reason if nobody asked.
  void look_at_syncs() {
    if (!promises()) return;
    const std::uint64_t syncs = disk_->log_syncs();
    if (syncs > syncs_at_mark_) promise(mark_);
    mark_ = {stats_of(*queue_, "b").received_points, acknowledgements_.size()};
    syncs_at_mark_ = disk_->log_syncs();
  }

  void take(ReaderModel& model) {
    auto taken = model.reader->take();
    if (!taken) return;
    if (options_.sync.kind == SyncPolicy::Kind::Always && !disk_->power_failed()) {
      promise({position_of(points_of(taken->batch->lines()).back()) + 1, 0});
    }
    model.taken.push_back(std::move(*taken));
  }

  void acknowledge(ReaderModel& model, bool all) {
    while (!model.taken.empty()) {
      const std::size_t which = below(model.taken.size());
      const BatchPtr batch = model.taken[which].batch;
      model.taken.erase(model.taken.begin() + static_cast<long>(which));
      begin_acknowledgement(model, *batch);
      model.reader->acknowledge(only(batch->range()));
      acknowledgements_.push_back({&model, points_of(batch->lines())});
      if (!all) return;
    }
  }

  void begin_acknowledgement(ReaderModel& model, const Batch& batch) {
    for (const Point point : points_of(batch.lines())) model.acknowledged.insert(point);
  }

  void poison(ReaderModel& model) {
    if (model.taken.empty()) return;
    const BatchPtr batch = model.taken.back().batch;
    model.taken.pop_back();
    begin_acknowledgement(model, *batch);
    const std::string_view lines = batch->lines();
    model.reader->acknowledge_without(batch->range(),
                                      {std::string(lines.substr(0, lines.find('\n') + 1))}, {});
    acknowledgements_.push_back({&model, points_of(lines)});
  }

  void put_back(ReaderModel& model) {
    if (model.taken.empty()) return;
    model.reader->put_back(only(model.taken.back().batch->range()));
    model.taken.pop_back();
  }

  [[nodiscard]] std::size_t position_of(Point point) const {
    const auto at = std::lower_bound(log_.begin(), log_.end(), point);
    REQUIRE(at != log_.end());
    REQUIRE(*at == point);
    return static_cast<std::size_t>(at - log_.begin());
  }

  struct Found {
    ReaderStats stats;
    std::vector<Point> waiting;
    bool as_accepted = true;
  };

  Found find(const std::string& name) {
    Found found;
    Reader& reader = *readers_.at(name).reader;
    RangeSet taken;
    while (const auto next = reader.take()) {
      std::string expected;
      for (const Point point : points_of(next->batch->lines())) {
        found.waiting.push_back(point);
        expected += line_of_point(point);
      }
      found.as_accepted = found.as_accepted && expected == next->batch->lines();
      taken.insert(next->batch->range());
    }
    reader.put_back(taken);
    found.stats = stats_of(*queue_, name);
    return found;
  }

  /// Compares what the queue says after it was opened with what was promised before.
  void compare() {
    if (life_ == 0) return;
    std::map<std::string, Found> found;
    for (const auto& [name, model] : readers_) found[name] = find(name);
    const QueueStats stats = queue_->stats();
    if (disk_->power_failed()) return forget_taken();  // again, and nobody knows how far it came
    CAPTURE(life_, scattered_, promised_.points, promised_.acknowledgements);
    const std::size_t end = found.at("b").stats.received_points;
    for (const std::string& each : stats.set_aside) UNSCOPED_INFO("set aside: " << each);
    CHECK((stats.set_aside.empty() || scattered_));
    CHECK(stats.last_error == "");
    REQUIRE(end >= promised_.points);
    REQUIRE(end <= log_.size());
    // A hole may hold the last count, and be followed by a position that knows better.
    const std::uint64_t behind = end - stats.producers.at(0).accepted_points;
    if (scattered_) {
      CHECK(behind - producer_behind_ <= end - promised_.points);
    } else {
      CHECK(behind == producer_behind_);
    }
    producer_behind_ = behind;
    for (std::size_t i = 0; i < promised_.acknowledgements; ++i) {
      const Acknowledgement& each = acknowledgements_[i];
      each.reader->done_for_good.insert(each.points.begin(), each.points.end());
    }
    for (auto& [name, model] : readers_) {
      INFO("reader " << name);
      compare(model, found.at(name), end);
      model.poison = dropped_for(found.at(name).stats, "poison");
      CHECK(lines_set_aside(name) >= model.poison);
    }
    log_.resize(end);
    acknowledgements_.clear();
    promised_ = promises() ? Promise{end, 0} : Promise{};
    mark_ = {};
    syncs_at_mark_ = disk_->log_syncs();
    forget_taken();
    scattered_ = false;
    ++compared_;
  }

  void compare(ReaderModel& model, const Found& found, std::size_t end) {
    REQUIRE(found.as_accepted);
    REQUIRE(found.stats.received_points == end);
    REQUIRE(found.waiting.size() == found.stats.pending_points);
    REQUIRE(std::is_sorted(found.waiting.begin(), found.waiting.end()));
    const std::set<Point> waiting(found.waiting.begin(), found.waiting.end());
    REQUIRE(waiting.size() == found.waiting.size());
    if (!waiting.empty()) REQUIRE(position_of(*waiting.rbegin()) < end);
    std::uint64_t acknowledged = 0;  // and not waiting
    std::uint64_t gone = 0;
    std::uint64_t promised_and_gone = 0;
    for (std::size_t at = 0; at < end; ++at) {
      if (waiting.contains(log_[at])) continue;
      if (model.acknowledged.contains(log_[at])) {
        ++acknowledged;
        continue;
      }
      ++gone;
      if (at < promised_.points) ++promised_and_gone;
    }
    // The position is not ahead of what was acknowledged …
    CHECK(found.stats.acknowledged_points <= acknowledged);
    // … nor behind what was written down for good.
    for (const Point point : model.done_for_good) CHECK_FALSE(waiting.contains(point));
    // What is missing was dropped, what was promised only by the cap.
    std::uint64_t dropped = 0;
    for (const auto& [reason, points] : found.stats.dropped_points) dropped += points;
    const std::uint64_t damaged = dropped_for(found.stats, "damaged");
    CHECK(gone <= dropped);
    CHECK(promised_and_gone <= dropped_for(found.stats, "cap"));
    // Nothing is called lost that was not: what is gone without a trace never counted as received.
    if (scattered_) {
      CHECK(damaged - model_damaged_[&model] <= end - promised_.points);
    } else {
      CHECK(damaged == model_damaged_[&model]);
    }
    model_damaged_[&model] = damaged;
    for (std::size_t at = 0; at < end; ++at) {
      if (!waiting.contains(log_[at])) model.done_for_good.insert(log_[at]);
    }
    if (!promises()) model.done_for_good.clear();
  }

  void forget_taken() {
    for (auto& [name, model] : readers_) model.taken.clear();
  }

  [[nodiscard]] std::uint64_t lines_set_aside(const std::string& name) const {
    std::ifstream stream(options_.path + "/set-aside/" + name + ".lines");
    std::uint64_t lines = 0;
    for (std::string line; std::getline(stream, line);) ++lines;
    return lines;
  }

 public:
  [[nodiscard]] unsigned compared() const { return compared_; }

 private:
  const TempDir folder_;
  std::mt19937_64 random_;
  QueueOptions options_;
  ForgetfulDisk* disk_ = nullptr;
  Queue* queue_ = nullptr;
  ProducerId producer_;
  std::map<std::string, ReaderModel> readers_;
  std::map<ReaderModel*, std::uint64_t> model_damaged_;
  std::vector<Point> log_;  ///< in order
  std::vector<Acknowledgement> acknowledgements_;
  Point next_ = 1;
  unsigned life_ = 0;
  unsigned compared_ = 0;
  bool scattered_ = false;  ///< since the last comparison
  std::uint64_t producer_behind_ = 0;
  Promise mark_;  ///< is promised once the write-ahead log is synced again
  std::uint64_t syncs_at_mark_ = 0;
  std::mutex mutex_;
  Promise promised_;
};

struct Policy {
  const char* name;
  SyncPolicy sync;
};

TEST_CASE("after a power loss everything is there that `sync` promises, and the numbers add up",
          "[queue][power]") {
  const auto policy =
      GENERATE(Policy{"always", {SyncPolicy::Kind::Always, std::chrono::milliseconds(0)}},
               Policy{"interval", {SyncPolicy::Kind::Interval, std::chrono::milliseconds(2)}},
               Policy{"never", {SyncPolicy::Kind::Never, std::chrono::milliseconds(0)}});
  const unsigned seed = chosen_seed();
  INFO("sync = " << policy.name << ", seed " << seed);
  WARN("sync = " << policy.name << ", seed " << seed);
  const unsigned losses = std::getenv("CARBON_SPOOL_LONG") != nullptr ? 200 : 12;
  Lives lives(seed, policy.sync);
  for (unsigned i = 0; i <= losses; ++i) lives.live();
  CHECK(lives.compared() >= losses / 2);
}

}  // namespace
}  // namespace carbon_spool
