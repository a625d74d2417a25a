// Random work against a queue and against a model of it that a child could check: for each reader
// the set of points it still has to get.

#include <cstdlib>
#include <cstring>
#include <future>
#include <map>
#include <random>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "carbon_spool/queue/queue.h"

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

struct ReaderModel {
  Reader* reader = nullptr;
  std::set<Point> unsent;
  std::vector<std::pair<Range, std::set<Point>>> sent;
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    for (const char* name : {"a", "b", "c"}) readers_[name] = {};
    open();
  }

  void step() {
    ReaderModel& reader = std::next(readers_.begin(), static_cast<long>(below(3)))->second;
    const auto choice = below(1000);
    if (choice < 400) {
      append(1 + below(40));
    } else if (choice < 700) {
      take(reader);
    } else if (choice < 900) {
      acknowledge(reader, below(4) == 0);
    } else if (choice < 998) {
      put_back(reader);
    } else {
      reopen();
    }
  }

  void check() const {
    const QueueStats stats = queue_->stats();
    for (const ReaderStats& found : stats.readers) {
      const ReaderModel& expected = readers_.at(found.name);
      std::uint64_t unconfirmed = 0;
      for (const auto& [range, points] : expected.sent) unconfirmed += points.size();
      REQUIRE(found.received_points == expected.received);
      REQUIRE(found.acknowledged_points == expected.acknowledged);
      REQUIRE(found.unsent_points == expected.unsent.size());
      REQUIRE(found.unconfirmed_points == unconfirmed);
      REQUIRE(found.dropped_points.empty());
    }
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void open() {
    QueueOptions options;
    options.path = folder_ / "queue";
    options.max_size = kMinQueueSize;
    options.min_free_disk = 0;
    options.sync.kind = SyncPolicy::Kind::Never;
    options.memory_for_newest = 4096;  // most batches are read from the store
    auto queue = Queue::open(options);
    REQUIRE(queue);
    queue_ = std::move(queue.value());
    producer_ = queue_->add_producer("model");
    for (auto& [name, reader] : readers_) reader.reader = &queue_->add_reader(name, {});
  }

  void append(std::uint64_t count) {
    auto builder = queue_->obtain_builder();
    std::string lines;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string line = "p" + std::to_string(next_) + " 1 1700000000\n";
      lines += line;
      for (auto& [name, reader] : readers_) {
        reader.unsent.insert(next_);
        ++reader.received;
      }
      ++next_;
    }
    std::memcpy(builder->room().data(), lines.data(), lines.size());
    builder->commit(producer_, lines.size(), static_cast<std::uint32_t>(count), 1700000000,
                    1700000000);
    std::promise<void> done;
    queue_->when_durable(queue_->submit(std::move(*builder)), [&](bool) { done.set_value(); });
    done.get_future().get();
  }

  void take(ReaderModel& model) {
    const auto taken = model.reader->take();
    REQUIRE(taken.has_value() == !model.unsent.empty());
    if (!taken) return;
    const std::set<Point> points = points_of(taken->batch->lines());
    REQUIRE(*points.begin() == *model.unsent.begin());  // oldest first
    for (const Point point : points) REQUIRE(model.unsent.erase(point) == 1);
    model.sent.emplace_back(taken->batch->range(), points);
  }

  void acknowledge(ReaderModel& model, bool all) {
    RangeSet ranges;
    while (!model.sent.empty()) {
      const std::size_t which = below(model.sent.size());
      ranges.insert(model.sent[which].first);
      model.acknowledged += model.sent[which].second.size();
      model.sent.erase(model.sent.begin() + static_cast<long>(which));
      if (!all) break;
    }
    model.reader->acknowledge(ranges);
  }

  void put_back(ReaderModel& model) {
    if (model.sent.empty()) return;
    const std::size_t which = below(model.sent.size());
    RangeSet ranges;
    ranges.insert(model.sent[which].first);
    model.unsent.insert(model.sent[which].second.begin(), model.sent[which].second.end());
    model.sent.erase(model.sent.begin() + static_cast<long>(which));
    model.reader->put_back(ranges);
  }

  void reopen() {
    queue_.reset();
    for (auto& [name, reader] : readers_) {
      for (const auto& [range, points] : reader.sent)
        reader.unsent.insert(points.begin(), points.end());
      reader.sent.clear();
    }
    open();
  }

  const TempDir folder_;
  std::mt19937_64 random_;
  std::unique_ptr<Queue> queue_;
  ProducerId producer_;
  std::map<std::string, ReaderModel> readers_;
  Point next_ = 1;
};

TEST_CASE("a queue does what its model does, whatever comes in whatever order", "[queue][model]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Model model(seed);
  const int steps = std::getenv("CARBON_SPOOL_LONG") != nullptr ? 300'000 : 20'000;
  for (int step = 0; step < steps; ++step) {
    model.step();
    if (step % 10 == 0) model.check();
  }
}

}  // namespace
}  // namespace carbon_spool
