// That the interval of `sync` is kept without anybody asking: below RocksDB a disk that forgets
// what was not synced.

#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

#include "env_on.h"
#include "eventually.h"
#include "forgetful_disk.h"
#include "queue_impl.h"
#include "queue_steps.h"

namespace carbon_spool {
namespace {

TEST_CASE("with an interval, what nobody asks for is on the disk soon after", "[queue][power]") {
  const TempDir folder;
  for (const char* each : {"disk", "inodes", "left"}) {
    std::filesystem::create_directory(folder / each);
  }
  const auto disk = std::make_shared<ForgetfulDisk>(folder / "disk", folder / "inodes");
  EnvOn env(disk);
  QueueOptions options = options_for(folder);
  options.path = folder / "disk/queue";
  options.sync = {SyncPolicy::Kind::Interval, std::chrono::milliseconds(1)};
  constexpr std::uint64_t kRounds = 50;
  {
    // No tick helps.
    QueueImpl queue(options, system_clock(), Ground{env, std::chrono::hours(1)});
    REQUIRE(queue.open());
    const ProducerId producer = queue.add_producer("test");
    static_cast<void>(queue.add_reader("a", {}));
    for (std::uint64_t i = 1; i <= kRounds; ++i) {
      const std::string line = line_of("p");
      auto builder = queue.obtain_builder();
      REQUIRE(builder);
      std::memcpy(builder->room().data(), line.data(), line.size());
      builder->commit(producer, line.size(), 1, kTimestamp, kTimestamp);
      static_cast<void>(queue.submit(std::move(*builder)));
      REQUIRE(eventually([&] { return stats_of(queue, "a").received_points == i; }));
      const std::uint64_t syncs = disk->log_syncs();
      REQUIRE(eventually([&] { return disk->log_syncs() > syncs || disk->all_is_durable(); }));
    }
    disk->fail_power_in(0);
  }
  std::mt19937_64 random;
  disk->restore(folder / "left", ForgetfulDisk::Unsynced::Lost, random);
  options.path = folder / "left/queue";
  auto queue = open(options);
  CHECK(take_all(queue->add_reader("a", {}), false).size() == kRounds);
}

}  // namespace
}  // namespace carbon_spool
