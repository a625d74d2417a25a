// A disk that cannot be read for a while costs nobody a point, whatever limit looks at what waits.

#include "env_on.h"
#include "eventually.h"
#include "failing_disk.h"
#include "queue_impl.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

using std::chrono::milliseconds;

const rocksdb::IOStatus kBroken = rocksdb::IOStatus::IOError("Input/output error");
constexpr milliseconds kTick{10};

/// A queue on a disk that fails when it is told to.
class Scene {
 public:
  explicit Scene(const std::function<void(QueueOptions&)>& change = [](QueueOptions&) {})
      : options_(options_for(folder_)) {
    options_.memory_for_newest = 0;
    change(options_);
    open();
  }

  void open() {
    queue_ = std::make_unique<QueueImpl>(options_, system_clock(), Ground{env_, kTick});
    REQUIRE(queue_->open());
    producer_ = queue_->add_producer("test");
  }
  void close() { queue_.reset(); }

  [[nodiscard]] Queue& queue() { return *queue_; }
  [[nodiscard]] FailingDisk& disk() { return *disk_; }
  void append(int batches, std::size_t bytes = 60) {
    for (int i = 0; i < batches; ++i) {
      REQUIRE(carbon_spool::append(*queue_, producer_, line_of("p", bytes)));
    }
  }
  [[nodiscard]] std::uint64_t dropped(const std::string& reader) {
    std::uint64_t points = 0;
    for (const auto& [reason, count] : stats_of(*queue_, reader).dropped_points) points += count;
    return points;
  }

  /// Until the store had to be closed; all that a tick does has been done since.
  void fail_wholly() {
    disk_->fail({FailingDisk::AllWrites | FailingDisk::AllReads, "", kBroken});
    queue_->put_note("now", "it is found out");
    REQUIRE(eventually([&] {
      const auto step = queue_->walk({}).value()->next();
      return step && step->problem == "the disk fails";
    }));
    queue_->put_note("behind", "the tick that closed it");
  }
  void heal() {
    disk_->heal();
    REQUIRE(eventually([&] { return queue_->stats().last_error.empty(); }));
  }

 private:
  const TempDir folder_;
  const std::shared_ptr<FailingDisk> disk_ = std::make_shared<FailingDisk>();
  EnvOn env_{disk_};
  QueueOptions options_;
  std::unique_ptr<QueueImpl> queue_;
  ProducerId producer_;
};

TEST_CASE("what is young stays when the disk cannot tell its age", "[queue][outage]") {
  Scene scene([](QueueOptions& options) { options.max_age = std::chrono::hours(1); });
  static_cast<void>(scene.queue().add_reader("a", {}));
  scene.append(10);
  scene.fail_wholly();
  CHECK(scene.dropped("a") == 0);
  const std::int64_t an_hour_ago = system_clock().unix_seconds() * 1000 - 3'600'000;
  CHECK_FALSE(scene.queue().purge("a", an_hour_ago));
  scene.heal();
  CHECK(scene.dropped("a") == 0);
  CHECK(stats_of(scene.queue(), "a").pending_points == 10);
  CHECK(scene.queue().purge("a", an_hour_ago).value() == 0);
}

TEST_CASE("at the cap no more goes than must, though the tables cannot be read",
          "[queue][outage]") {
  Scene scene([](QueueOptions& options) { options.max_size = kMinQueueSize; });
  static_cast<void>(scene.queue().add_reader("a", {}));
  const auto append_until_dropped = [&](int most) {
    const std::uint64_t before = scene.dropped("a");
    for (int i = 0; i < most && scene.dropped("a") == before; ++i) scene.append(1, 15'000);
    return scene.dropped("a") - before;
  };
  const std::uint64_t usual = append_until_dropped(2000);
  REQUIRE(usual > 0);
  scene.disk().fail({FailingDisk::AllReads, ".sst", kBroken});
  CHECK(append_until_dropped(50) <= 2 * usual);
}

TEST_CASE("a position that is removed while the disk begins to fail stays removed",
          "[queue][outage]") {
  Scene scene;
  for (const char* name : {"old", "gone"}) {
    static_cast<void>(scene.queue().add_reader(name, {}));
    scene.append(1);
    scene.queue().release_reader(name);
  }
  static_cast<void>(scene.queue().add_reader("new", {}));
  scene.disk().fail({FailingDisk::Write, ".log", kBroken});
  SECTION("handed over") {
    REQUIRE(scene.queue().hand_over("old", "new"));
  }
  SECTION("forgotten") {
    REQUIRE(scene.queue().forget_reader("old"));
  }
  scene.heal();
  scene.close();
  scene.open();
  std::vector<std::string> names;
  for (const ReaderStats& each : scene.queue().stats().readers) names.push_back(each.name);
  CHECK(names == std::vector<std::string>{"gone", "new"});
}

TEST_CASE("what is kept stays until its reader is asked for", "[queue]") {
  Scene scene;
  ReaderOptions keeps;
  keeps.keep_acknowledged_bytes = 1 << 20;
  Reader& reader = scene.queue().add_reader("a", keeps);
  scene.append(1);
  take_all(reader, true);
  scene.close();
  scene.open();
  // A tick that lets go of what has its time, for instance of what is too old.
  Reader& other = scene.queue().add_reader("b", {});
  scene.append(1);
  take_all(other, true);
  scene.queue().put_note("a", "b");
  CHECK(stats_of(scene.queue(), "a").kept_points == 1);
  scene.queue().add_reader("a", keeps).resend_kept();
  CHECK(stats_of(scene.queue(), "a").kept_points == 1);
}

}  // namespace
}  // namespace carbon_spool
