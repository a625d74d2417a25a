// A disk that fails, a power loss, and damage, around what is shrunk: nothing is lost to it.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <rocksdb/db.h>

#include "env_on.h"
#include "failing_disk.h"
#include "members.h"
#include "store_options.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOStatus;

const IOStatus kBroken = IOStatus::IOError("Input/output error");
const IOStatus kNoSpace = IOStatus::NoSpace("No space left on device");

TEST_CASE("a disk that fails while a stretch is shrunk loses nothing, and it is done later",
          "[queue][shrink][outage]") {
  struct Case {
    const char* name;
    FailingDisk::Fault fault;
    /// RocksDB takes the new table's name back although the manifest may have it, and is put
    /// together again if it has to be opened anew.
    bool may_be_repaired = false;
  };
  constexpr auto kMake = FailingDisk::Make;
  constexpr auto kLink = FailingDisk::Names;
  const Case each = GENERATE_REF(values<Case>({
      {"the new table cannot be made", {kMake, "shrunk.part", kBroken}},
      {"no space for the new table", {FailingDisk::Write, "shrunk.part", kNoSpace}},
      {"half of it is written", {FailingDisk::Write, "shrunk.part", kBroken, true}},
      {"it cannot be synced", {FailingDisk::Sync, "shrunk.part", kBroken}},
      {"old tables cannot be read",
       {FailingDisk::AllReads, ".sst", kBroken, false, kMake, "shrunk.part"}},
      {"it cannot be named", {FailingDisk::Names, ".sst", kBroken}},
      {"it cannot be synced under its name",
       {FailingDisk::Sync, ".sst", kBroken, false, kLink, "shrunk.part"}},
      {"the folder cannot be synced",
       {FailingDisk::Sync, "queue", kBroken, false, kLink, "shrunk.part"}},
      {"the manifest cannot be written",
       {FailingDisk::Write, "MANIFEST", kNoSpace, false, kLink, "shrunk.part"}},
      {"the manifest cannot be synced",
       {FailingDisk::Sync, "MANIFEST", kBroken, false, kLink, "shrunk.part"},
       true},
      {"the log cannot be synced",
       {FailingDisk::Sync, ".log", kBroken, false, kMake, "shrunk.part"}},
      {"old tables cannot be deleted",
       {FailingDisk::Names, "", kBroken, false, kLink, "shrunk.part"}},
  }));
  INFO(each.name);
  const auto disk = std::make_shared<FailingDisk>();
  EnvOn env{disk};
  Members members(env);
  disk->fail(each.fault);
  bool failed = false;
  {
    // Where all of it fails, points are accepted in memory, and durable once it is well.
    const std::jthread healer([&] {
      failed = eventually([&] { return disk->failures() > 0; });
      disk->heal();
    });
    members.append_and_deliver(1200, "j");
  }
  REQUIRE(failed);
  REQUIRE(eventually([&] { return members.queue().stats().points_in_memory == 0; }));
  members.append_and_deliver(50, "j");
  members.wait_until_shrunk("j");
  members.check_gets_all("j");
  CHECK((members.queue().stats().set_aside.empty() || each.may_be_repaired));
  members.append_and_deliver(1200, "j");
  members.close();
  members.open();
  members.check_gets_all("j", 1250);
}

/// The files of the tables that are shrunk, or of those that are not.
std::vector<std::string> tables(const std::string& path, bool shrunk) {
  auto store = Store::open(path, StoreSizes::for_cap(kMinQueueSize), [] {});
  REQUIRE(store);
  std::vector<std::string> names;
  for (const TableFile& table : store.value()->tables()) {
    if (table.shrunk == shrunk) names.push_back(path + table.name);
  }
  REQUIRE_FALSE(names.empty());
  return names;
}

void flip_bit_in_the_middle(const std::string& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(at);
  const char byte = static_cast<char>(stream.get() ^ 0x10);
  stream.seekp(at);
  stream.put(byte);
}

std::string file_in(const std::string& path, const std::string& start) {
  for (const auto& each : fs::directory_iterator(path)) {
    if (each.path().filename().string().starts_with(start)) return each.path();
  }
  FAIL("no " << start);
  return "";
}

TEST_CASE("damage of what was shrunk: the queue opens, gives what can be read, and counts the rest",
          "[queue][shrink][damage]") {
  struct Case {
    const char* name;
    std::function<void(const std::string& path)> damage;
    std::uint64_t most_lost;
  };
  const Case each = GENERATE(values<Case>({
      {"flipped bit",
       [](const std::string& path) { flip_bit_in_the_middle(tables(path, true).front()); }, 200},
      {"missing table", [](const std::string& path) { fs::remove(tables(path, true).front()); },
       2000},
      {"missing manifest", [](const std::string& path) { fs::remove(file_in(path, "MANIFEST-")); },
       0},
      {"missing CURRENT", [](const std::string& path) { fs::remove(path + "/CURRENT"); }, 0},
      {"an unfinished one is left",
       [](const std::string& path) { std::ofstream(path + "/shrunk.part") << "half a table"; }, 0},
  }));
  INFO(each.name);
  Members members;
  members.append_and_deliver(2400, "ij");
  members.wait_until_shrunk("j", 1000);
  members.close();
  each.damage(members.path());
  members.open();
  CHECK_FALSE(fs::exists(members.path() + "/shrunk.part"));
  for (const char* name : {"j", "i", "a"}) {
    std::uint64_t got = 0;
    std::uint64_t next = 0;
    for (const std::string& lines : take_all(members.reader(name), true)) {
      const std::uint64_t number = std::strtoull(lines.c_str() + 1, nullptr, 10);
      REQUIRE(number >= next);
      next = number + 1;
      ++got;
    }
    const ReaderStats stats = stats_of(members.queue(), name);
    CHECK(stats.pending_points == 0);
    const auto damaged = stats.dropped_points.find("damaged_unread");
    const std::uint64_t lost = damaged == stats.dropped_points.end() ? 0 : damaged->second;
    CHECK(lost <= each.most_lost * 10);
    if (*name != 'a') CHECK(got + lost / 10 == 2400);
  }
  members.append_and_deliver(1200, "j");
  members.close();
  members.open();
  members.check_gets_all("j", 2400);
}

/// Opens it below the queue, as it is.
void with_database(
    const std::string& path,
    const std::function<void(rocksdb::DB&, std::vector<rocksdb::ColumnFamilyHandle*>&)>& change) {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* opened = nullptr;
  REQUIRE(rocksdb::DB::Open(store_options(Store::machine()), path, column_families(), &families,
                            &opened)
              .ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  change(*db, families);
  for (auto* family : families) db->DestroyColumnFamilyHandle(family);
}

TEST_CASE("a queue from before anything was shrunk is looked at and used as it is",
          "[queue][shrink]") {
  Members members;
  members.append(1000);
  members.close();
  with_database(members.path(), [](rocksdb::DB& db, auto& families) {
    REQUIRE(db.Put({}, families[kState], "schema", "1").ok());
    REQUIRE(db.DropColumnFamily(families[kShrunk]).ok());
  });
  const auto stats = Queue::inspect(members.path());
  REQUIRE(stats);
  CHECK(stats.value().points == 10'000);
  auto walk = Queue::walk_stopped(members.path(), {});
  REQUIRE(walk);
  CHECK(walk.value()->next()->batch);
  members.open();
  CHECK(members.queue().stats().set_aside.empty());
  members.deliver("j");
  members.wait_until_shrunk("j");
  members.check_gets_all("j");
}

TEST_CASE("a queue with a column family of a newer program is set aside whole",
          "[queue][shrink][damage]") {
  Members members;
  members.append(10);
  members.close();
  with_database(members.path(), [](rocksdb::DB& db, auto& families) {
    families.emplace_back();
    REQUIRE(db.CreateColumnFamily({}, "future", &families.back()).ok());
  });
  members.open();
  REQUIRE(members.queue().stats().set_aside.size() == 1);
  CHECK_THAT(members.queue().stats().set_aside[0], Catch::Contains("newer carbon-spool"));
  CHECK_FALSE(members.reader("j").has_unsent());
}

}  // namespace
}  // namespace carbon_spool
