// Each way in which a disk fails below RocksDB: the queue stays up, memory takes over, and all is
// on the disk once it is well again.

#include "failing_disk.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "env_on.h"
#include "eventually.h"
#include "queue_impl.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

using rocksdb::IOStatus;

constexpr std::size_t kLineBytes = 20'000;

const IOStatus kNoSpace = IOStatus::NoSpace("No space left on device");
const IOStatus kQuota = IOStatus::IOError("Disk quota exceeded");
const IOStatus kReadOnly = IOStatus::IOError("Read-only file system");
const IOStatus kBroken = IOStatus::IOError("Input/output error");

/// What is logged goes to a file while this exists.
class CaughtLog {
 public:
  CaughtLog() : path_(folder_ / "log"), before_(::dup(STDERR_FILENO)) {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  ~CaughtLog() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  CaughtLog(const CaughtLog&) = delete;
  CaughtLog& operator=(const CaughtLog&) = delete;

  [[nodiscard]] std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  [[nodiscard]] int count(const std::string& words) const {
    const std::string all = text();
    int found = 0;
    for (auto at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++found;
    return found;
  }

 private:
  const TempDir folder_;
  const std::string path_;
  const int before_;
};

/// A queue on a disk that can fail; its seconds are short. Reader `up` takes all at once, `down`
/// nothing. Points are numbered; each is a batch.
class Scene {
 public:
  Scene() {
    options_ = options_for(folder_);
    options_.max_size = kMinQueueSize;
    options_.memory_for_newest = 0;
    options_.sync = {SyncPolicy::Kind::Interval, std::chrono::milliseconds(5)};
    open();
  }

  void open() {
    queue_ = std::make_unique<QueueImpl>(options_, system_clock(),
                                         Ground{env_, std::chrono::milliseconds(5)});
    REQUIRE(queue_->open());
    up_ = &queue_->add_reader("up", {});
    down_ = &queue_->add_reader("down", {});
    producer_ = queue_->add_producer("test");
  }
  void close() { queue_.reset(); }

  /// Returns when it is with the readers, whether or not it is on the disk. `then` is told when it
  /// is durable.
  void append(std::function<void(bool)> then = [](bool) {}) {
    const std::string line = line_of("p" + std::to_string(next_++), kLineBytes);
    auto builder = queue_->obtain_builder();
    REQUIRE(builder);
    std::memcpy(builder->room().data(), line.data(), line.size());
    builder->commit(producer_, line.size(), 1, kTimestamp, kTimestamp);
    queue_->when_durable(queue_->submit(std::move(*builder)), std::move(then));
    REQUIRE(eventually([&] { return up_->has_unsent(); }));
    for (const std::string& each : take_all(*up_, true)) {
      REQUIRE(std::strtoull(each.c_str() + 1, nullptr, 10) == arrived_++);
    }
  }
  void append_durably() {
    std::promise<bool> durable;
    append([&](bool yes) { durable.set_value(yes); });
    REQUIRE(durable.get_future().get());
  }

  [[nodiscard]] bool well() const { return queue_->stats().last_error.empty(); }

  /// All is there, once, in order, and none of it counts as lost.
  void check_that_nothing_is_lost() {
    CHECK(arrived_ == next_);
    std::uint64_t expected = 0;
    RangeSet taken;
    while (const auto next = down_->take()) {
      REQUIRE(std::strtoull(next->batch->lines().data() + 1, nullptr, 10) == expected++);
      taken.insert(next->batch->range());
    }
    CHECK(expected == next_);
    down_->put_back(taken);
    for (const char* name : {"up", "down"}) {
      const ReaderStats stats = stats_of(*queue_, name);
      CHECK(stats.received_points == next_);
      CHECK(stats.dropped_points.empty());
    }
    CHECK(stats_of(*queue_, "up").acknowledged_points == next_);
    CHECK(queue_->stats().set_aside.empty());
    CHECK(queue_->stats().producers.at(0).accepted_points == next_);
  }

  /// The name of the file of the queue that begins so.
  [[nodiscard]] std::string file(const std::string& start) const {
    for (const auto& each : std::filesystem::directory_iterator(options_.path)) {
      const std::string name = each.path().filename();
      if (name.starts_with(start)) return name;
    }
    FAIL("no " << start);
    return "";
  }

  [[nodiscard]] const std::string& path() const { return options_.path; }
  [[nodiscard]] FailingDisk& disk() { return *disk_; }
  [[nodiscard]] Queue& queue() { return *queue_; }
  [[nodiscard]] Reader& down() { return *down_; }
  [[nodiscard]] std::uint64_t appended() const { return next_; }

 private:
  const TempDir folder_;
  const std::shared_ptr<FailingDisk> disk_ = std::make_shared<FailingDisk>();
  EnvOn env_{disk_};
  QueueOptions options_;
  std::unique_ptr<QueueImpl> queue_;
  Reader* up_ = nullptr;
  Reader* down_ = nullptr;
  ProducerId producer_;
  std::uint64_t next_ = 0;
  std::uint64_t arrived_ = 0;
};

struct Case {
  const char* name;
  FailingDisk::Fault fault;
};

TEST_CASE("whatever cannot be written: memory takes over, and all is on the disk in the end",
          "[queue][outage]") {
  const Case each = GENERATE(values<Case>({
      {"no space for the write-ahead log", {FailingDisk::Write, ".log", kNoSpace}},
      {"no space at all", {FailingDisk::Write | FailingDisk::Make, "", kNoSpace}},
      {"the quota is used up", {FailingDisk::Write | FailingDisk::Make, "", kQuota}},
      {"the file system is read-only", {FailingDisk::AllWrites, "", kReadOnly}},
      {"the write-ahead log cannot be written", {FailingDisk::Write, ".log", kBroken}},
      {"half a record is written", {FailingDisk::Write, ".log", kBroken, true}},
      {"half a record fits", {FailingDisk::Write, ".log", kNoSpace, true}},
      {"the write-ahead log cannot be synced", {FailingDisk::Sync, ".log", kBroken}},
      {"no new write-ahead log can be made", {FailingDisk::Make, ".log", kBroken}},
      {"no table can be made", {FailingDisk::Make, ".sst", kBroken}},
      {"no space for a table", {FailingDisk::Write, ".sst", kNoSpace}},
      {"a table cannot be written", {FailingDisk::Write, ".sst", kBroken}},
      {"half a table is written", {FailingDisk::Write, ".sst", kBroken, true}},
      {"a table cannot be synced", {FailingDisk::Sync, ".sst", kBroken}},
      {"a table cannot be read back", {FailingDisk::AllReads, ".sst", kBroken}},
      {"no space for the manifest", {FailingDisk::Write, "MANIFEST", kNoSpace}},
      {"the manifest cannot be written", {FailingDisk::Write, "MANIFEST", kBroken}},
      {"half a change of the manifest is written", {FailingDisk::Write, "MANIFEST", kBroken, true}},
      {"the manifest cannot be synced", {FailingDisk::Sync, "MANIFEST", kBroken}},
      {"the folder cannot be synced", {FailingDisk::Sync, "queue", kBroken}},
      {"nothing can be synced", {FailingDisk::Sync, "", kBroken}},
  }));
  INFO(each.name);
  const CaughtLog log;
  Scene scene;
  for (int i = 0; i < 20; ++i) scene.append_durably();

  scene.disk().fail(each.fault);
  // Tables are written when a segment is full: a mebibyte.
  for (int i = 0; i < 400 && (i % 16 != 0 || scene.well()); ++i) scene.append();
  REQUIRE_FALSE(scene.well());
  CHECK(scene.disk().failures() > 0);
  std::atomic<int> durable = 0;
  for (int i = 0; i < 20; ++i) scene.append([&](bool yes) { durable += yes ? 1 : 100; });
  CHECK(durable == 0);
  CHECK(scene.queue().stats().points_in_memory > 0);
  const std::uint64_t seen = scene.disk().failures();
  REQUIRE(eventually([&] { return scene.disk().failures() > seen + 10; }));  // it tries again
  CHECK_FALSE(scene.well());

  scene.disk().heal();
  REQUIRE(eventually([&] { return scene.well(); }));
  REQUIRE(eventually([&] { return durable == 20; }));
  for (int i = 0; i < 20; ++i) scene.append_durably();
  CHECK(scene.queue().stats().points_in_memory == 0);
  scene.check_that_nothing_is_lost();
  INFO(log.text());
  CHECK(log.count("the disk fails") == 1);
  CHECK(log.count("the disk is well again") == 1);

  scene.close();
  scene.open();
  scene.check_that_nothing_is_lost();
  CHECK(log.count("error queue:") == 1);
}

TEST_CASE("a disk that cannot be read is not damage: what is on it is there when it can",
          "[queue][outage]") {
  const Case each = GENERATE(values<Case>({
      {"no table can be read", {FailingDisk::Read, ".sst", kBroken}},
      {"nothing can be read", {FailingDisk::AllReads, "", kBroken}},
  }));
  INFO(each.name);
  const CaughtLog log;
  Scene scene;
  for (int i = 0; i < 200; ++i) scene.append_durably();
  scene.close();
  scene.open();  // all is in tables now

  scene.disk().fail(each.fault);
  RangeSet taken;
  while (const auto next = scene.down().take()) taken.insert(next->batch->range());
  CHECK(taken.batches() < 20);  // what RocksDB has at hand
  for (int i = 0; i < 10; ++i) CHECK_FALSE(scene.down().take());
  scene.down().put_back(taken);
  CHECK_FALSE(scene.well());
  CHECK(stats_of(scene.queue(), "down").pending_points == scene.appended());
  scene.disk().heal();
  scene.check_that_nothing_is_lost();
  scene.append_durably();
  CHECK(scene.well());
}

TEST_CASE("a queue that cannot be read when it is opened joins in when it can", "[queue][outage]") {
  const Case each = GENERATE(values<Case>({
      {"nothing can be read", {FailingDisk::AllReads, "", kBroken}},
      {"CURRENT cannot be opened", {FailingDisk::Open, "CURRENT", kBroken}},
      {"CURRENT cannot be read", {FailingDisk::Read, "CURRENT", kBroken}},
      {"the manifest cannot be opened", {FailingDisk::Open, "MANIFEST", kBroken}},
      {"the manifest cannot be read", {FailingDisk::Read, "MANIFEST", kBroken}},
      {"the write-ahead log cannot be opened", {FailingDisk::Open, ".log", kBroken}},
      {"the write-ahead log cannot be read", {FailingDisk::Read, ".log", kBroken}},
      {"no table can be opened", {FailingDisk::Open, ".sst", kBroken}},
      {"no table can be read", {FailingDisk::Read, ".sst", kBroken}},
      {"the file system is read-only", {FailingDisk::AllWrites, "", kReadOnly}},
      {"there is no space", {FailingDisk::Write | FailingDisk::Make, "", kNoSpace}},
      {"the lock cannot be opened",
       {FailingDisk::Make, "LOCK", IOStatus::IOError("Permission denied")}},
      {"CURRENT cannot be replaced", {FailingDisk::Names, "CURRENT", kBroken}},
  }));
  INFO(each.name);
  const CaughtLog log;
  Scene scene;
  for (int i = 0; i < 200; ++i) scene.append_durably();
  scene.close();

  scene.disk().fail(each.fault);
  scene.open();
  REQUIRE_FALSE(scene.well());
  for (int i = 0; i < 5; ++i) scene.append();
  CHECK(scene.queue().stats().points_in_memory > 0);
  scene.disk().heal();
  REQUIRE(eventually([&] { return scene.well(); }));
  INFO(log.text());
  scene.check_that_nothing_is_lost();
  scene.append_durably();
  CHECK(log.count("the disk fails") == 1);
  CHECK(log.count("the disk is well again") == 1);
}

TEST_CASE("a repair that the disk does not let come to its end takes nothing away",
          "[queue][outage][damage]") {
  const Case each = GENERATE(values<Case>({
      {"there is no space", {FailingDisk::Write | FailingDisk::Make, "", kNoSpace}},
      {"the manifest cannot be written", {FailingDisk::Write, "MANIFEST", kNoSpace}},
      {"the manifest cannot be synced", {FailingDisk::Sync, "MANIFEST", kBroken}},
      {"the manifest cannot be synced when the tables are made",
       {FailingDisk::Sync, "MANIFEST", kBroken, false, FailingDisk::Names, "queue/CURRENT"}},
      {"CURRENT cannot be replaced", {FailingDisk::Names, "CURRENT", kBroken}},
      {"no table can be made", {FailingDisk::Make, ".sst", kBroken}},
      {"a table cannot be synced", {FailingDisk::Sync, ".sst", kBroken}},
      {"nothing can be read", {FailingDisk::AllReads, "", kBroken}},
      {"no table can be read", {FailingDisk::AllReads, ".sst", kBroken}},
  }));
  INFO(each.name);
  const CaughtLog log;
  Scene scene;
  for (int i = 0; i < 200; ++i) scene.append_durably();
  scene.close();
  std::filesystem::remove(scene.path() + "/CURRENT");
  scene.disk().fail(each.fault);
  scene.open();
  REQUIRE_FALSE(scene.well());
  REQUIRE(eventually([&] { return scene.disk().failures() > 10; }));
  scene.disk().heal();
  REQUIRE(eventually([&] { return scene.well(); }));
  INFO(log.text());
  std::uint64_t found = 0;
  while (scene.down().take()) ++found;
  CHECK(found == scene.appended());
}

TEST_CASE("a place of the disk that cannot be read for good is damage in the end",
          "[queue][outage]") {
  const CaughtLog log;
  Scene scene;
  for (int i = 0; i < 200; ++i) scene.append_durably();
  scene.close();
  scene.disk().fail({FailingDisk::Read, scene.file("MANIFEST-"), kBroken});
  scene.open();
  REQUIRE_FALSE(scene.well());
  REQUIRE(eventually([&] { return scene.well(); }));  // although it is not healed
  CHECK(scene.disk().failures() > 30);
  CHECK_FALSE(scene.queue().stats().set_aside.empty());
  std::uint64_t found = 0;
  while (scene.down().take()) ++found;
  CHECK(found == scene.appended());
}

}  // namespace
}  // namespace carbon_spool
