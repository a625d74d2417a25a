// The damage table: what is done to the files of a queue, and what must survive it.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "eventually.h"
#include "queue_steps.h"
#include "state_keys.h"
#include "store.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

constexpr int kBatches = 120;
constexpr std::size_t kLineBytes = 60'000;
constexpr int kAcknowledgedByA = 40;

std::string name_of(int batch) {
  return "p" + std::to_string(batch);
}

int number_of(const std::string& line) {
  return std::atoi(line.c_str() + 1);
}

QueueOptions damage_options(const std::string& path) {
  QueueOptions options;
  options.path = path;
  options.max_size = 16u << 20;  // segments of one mebibyte: about seven tables
  options.min_free_disk = 0;
  options.memory_for_newest = 0;  // all is read from the disk
  return options;
}

std::vector<fs::path> files(const std::string& path, const std::string& start,
                            const std::string& end) {
  std::vector<fs::path> found;
  for (const auto& each : fs::directory_iterator(path)) {
    const std::string name = each.path().filename();
    if (name.starts_with(start) && name.ends_with(end)) found.push_back(each.path());
  }
  std::ranges::sort(found);
  REQUIRE_FALSE(found.empty());
  return found;
}

/// A queue with all that one has on disk: tables, a write-ahead log, reader `a` that has
/// acknowledged the first third, `b` that has acknowledged nothing, and `c` that lost some to its
/// max_backlog.
void make_queue(const std::string& path) {
  const std::string live = path + ".live";
  {
    auto queue = open(damage_options(live));
    const ProducerId producer = queue->add_producer("test");
    Reader& a = queue->add_reader("a", {});
    queue->add_reader("b", {});
    ReaderOptions bounded;
    bounded.max_backlog = 2u << 20;
    queue->add_reader("c", bounded);
    for (int i = 0; i < kBatches; ++i) {
      REQUIRE(append(*queue, producer, line_of(name_of(i), kLineBytes)));
    }
    for (int i = 0; i < kAcknowledgedByA; ++i) {
      a.acknowledge(only(a.take(Part::Live)->batch->range()));
    }
    // The last but one segment is a table, and nothing else is under way.
    REQUIRE(eventually([&] { return files(live, "", ".log").size() == 1; }));
  }
  fs::rename(live, path);
}

constexpr std::uintmax_t kSmall = 100'000;

/// Tables of `state` are small, those of `batches` are not.
std::vector<fs::path> tables(const std::string& path, bool of_batches) {
  std::vector<fs::path> found;
  for (const fs::path& each : files(path, "", ".sst")) {
    if ((fs::file_size(each) > kSmall) == of_batches) found.push_back(each);
  }
  REQUIRE_FALSE(found.empty());
  return found;
}

void flip_bit(const fs::path& file, double where) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(static_cast<double>(fs::file_size(file)) * where);
  stream.seekg(at);
  const char byte = static_cast<char>(stream.get() ^ 0x10);
  stream.seekp(at);
  stream.put(byte);
}

void overwrite(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

void cut(const fs::path& file, double to) {
  fs::resize_file(file, static_cast<std::uintmax_t>(static_cast<double>(fs::file_size(file)) * to));
}

void write_schema(const std::string& path, const std::string& schema) {
  auto store = Store::open(path, StoreSizes::for_cap(16u << 20), [] {});
  REQUIRE(store);
  Store::Write write = store.value()->begin_write();
  write.put_state(kSchemaKey, schema);
  REQUIRE(store.value()->write(write, true));
}

/// The log is made into tables, and is there again: as if nobody had come to remove it.
void put_log_beside_its_tables(const std::string& path) {
  const fs::path log = files(path, "", ".log").back();
  const fs::path kept = path + ".log";
  fs::copy_file(log, kept);
  open(damage_options(path)).reset();
  REQUIRE_FALSE(fs::exists(log));
  fs::rename(kept, log);
}

/// What a repair leaves that is killed before it has written down which tables there are, and that
/// RocksDB has cleaned up after.
void interrupt_repair(const std::string& path) {
  const std::string found = path + "/repair/found/";
  fs::create_directories(found);
  for (const char* const kind : {".sst", ".log"}) {
    for (const fs::path& each : files(path, "", kind)) {
      fs::rename(each, found + each.filename().string());
    }
  }
  const std::string empty = path + ".empty";
  open(damage_options(empty)).reset();
  for (const fs::path& each : files(path, "MANIFEST-", "")) fs::remove(each);
  const fs::path manifest = files(empty, "MANIFEST-", "").back();
  fs::copy_file(manifest, path + "/" + manifest.filename().string());
  fs::copy_file(empty + "/CURRENT", path + "/CURRENT", fs::copy_options::overwrite_existing);
}

struct Case {
  const char* name;
  std::function<void(const std::string& path)> damage;
  int most_lost;         ///< batches, of each reader
  bool positions_known;  ///< false: a reader may get again what it had acknowledged
  bool set_aside;        ///< something is, and it is said
};

const Case kCases[] = {
    {"nothing", [](const std::string&) {}, 0, true, false},
    {"write-ahead log torn at its end",
     [](const std::string& path) { cut(files(path, "", ".log").back(), 0.6); }, 20, false, false},
    {"write-ahead log ends in zeros",
     [](const std::string& path) {
       const fs::path log = files(path, "", ".log").back();
       const auto size = fs::file_size(log);
       cut(log, 0.8);
       fs::resize_file(log, size);
     },
     20, false, true},
    {"flipped bit in the write-ahead log",
     [](const std::string& path) { flip_bit(files(path, "", ".log").back(), 0.3); }, 3, true, true},
    {"flipped bit in a table of batches",
     [](const std::string& path) { flip_bit(tables(path, true).at(4), 0.5); }, 2, true, true},
    {"flipped bit in the footer of a table of batches",
     [](const std::string& path) {
       const fs::path table = tables(path, true).at(4);
       flip_bit(table, 1.0 - 4.0 / static_cast<double>(fs::file_size(table)));
     },
     20, true, true},
    {"missing table of batches",
     [](const std::string& path) { fs::remove(tables(path, true).at(4)); }, 20, true, true},
    {"flipped bit in a table of positions",
     [](const std::string& path) {
       for (const fs::path& each : tables(path, false)) flip_bit(each, 0.05);
     },
     0, false, true},
    {"missing table of positions",
     [](const std::string& path) { fs::remove(tables(path, false).back()); }, 0, false, true},
    {"all tables of positions and the write-ahead log are missing",
     [](const std::string& path) {
       for (const fs::path& each : tables(path, false)) fs::remove(each);
       for (const fs::path& each : files(path, "", ".log")) fs::remove(each);
     },
     20, false, true},
    {"truncated manifest",
     [](const std::string& path) { cut(files(path, "MANIFEST-", "").back(), 0.5); }, 0, false,
     true},
    {"empty manifest",
     [](const std::string& path) { overwrite(files(path, "MANIFEST-", "").back(), ""); }, 0, false,
     true},
    {"missing manifest",
     [](const std::string& path) { fs::remove(files(path, "MANIFEST-", "").back()); }, 0, false,
     true},
    {"flipped bit in the manifest",
     [](const std::string& path) { flip_bit(files(path, "MANIFEST-", "").back(), 0.5); }, 0, false,
     true},
    {"missing CURRENT", [](const std::string& path) { fs::remove(path + "/CURRENT"); }, 0, false,
     true},
    {"garbled CURRENT",
     [](const std::string& path) { overwrite(path + "/CURRENT", "what is this\n"); }, 0, false,
     true},
    {"missing manifest, and a write-ahead log beside the tables that were made of it",
     [](const std::string& path) {
       put_log_beside_its_tables(path);
       fs::remove(files(path, "MANIFEST-", "").back());
     },
     0, false, true},
    {"interrupted repair", interrupt_repair, 0, false, true},
    {"missing options",
     [](const std::string& path) { fs::remove(files(path, "OPTIONS-", "").back()); }, 0, true,
     false},
};

std::set<int> drain(Reader& reader) {
  std::set<int> got;
  for (const std::string& lines : take_all(reader, true)) {
    REQUIRE(lines.size() == kLineBytes);
    got.insert(number_of(lines));
  }
  return got;
}

TEST_CASE("the damage table: every queue opens, keeps what can be read, and counts the rest",
          "[queue][damage]") {
  const TempDir folder;
  const std::string path = folder / "queue";
  make_queue(path);
  const auto& damage = GENERATE(from_range(std::begin(kCases), std::end(kCases)));
  INFO(damage.name);
  damage.damage(path);
  const std::size_t files_before = files(path, "", "").size();
  CAPTURE(files_before);

  auto queue = open(damage_options(path));
  Reader& a = queue->add_reader("a", {});
  Reader& b = queue->add_reader("b", {});
  Reader& c = queue->add_reader("c", {});
  const std::set<int> got_a = drain(a);
  const std::set<int> got_b = drain(b);
  const std::set<int> got_c = drain(c);
  for (const std::string& each : queue->stats().set_aside) UNSCOPED_INFO("set aside: " << each);
  CHECK(queue->stats().set_aside.empty() == !damage.set_aside);

  // b was owed everything, so it gets all that is readable.
  CHECK(kBatches - static_cast<int>(got_b.size()) <= damage.most_lost);
  for (int i = kAcknowledgedByA; i < kBatches; ++i) {
    INFO("batch " << i);
    CHECK(got_a.contains(i) == got_b.contains(i));
  }
  for (const int i : got_c) CHECK(got_b.contains(i));
  if (damage.positions_known) CHECK((got_a.empty() || *got_a.begin() >= kAcknowledgedByA));
  for (const char* name : {"a", "b", "c"}) {
    const ReaderStats stats = stats_of(*queue, name);  // checks that the numbers add up
    CHECK(stats.pending_points == 0);
    CHECK(stats.received_points <= kBatches);
  }
  const auto lost_by_b = stats_of(*queue, "b").dropped_points["damaged"];
  const auto received_by_b = stats_of(*queue, "b").received_points;
  CHECK(lost_by_b == received_by_b - got_b.size());

  const ProducerId producer = queue->add_producer("test");
  const auto goes_on = [&](const char* what) {
    INFO(what);
    REQUIRE(append(*queue, producer, line_of("p777", kLineBytes)));
    for (const char* name : {"a", "b", "c"}) CHECK(stats_of(*queue, name).pending_points == 1);
  };
  goes_on("after the damage");
  CHECK(drain(a) == std::set<int>{777});
  queue.reset();

  queue = open(damage_options(path));
  Reader& again = queue->add_reader("b", {});
  for (const std::string& each : queue->stats().set_aside) {
    CHECK_THAT(each, Catch::Contains("earlier run"));
  }
  CHECK(drain(again) == std::set<int>{777});
  queue->add_reader("a", {});
  CHECK(stats_of(*queue, "a").pending_points == 0);
}

TEST_CASE("a queue of a newer program is set aside whole, and a new one begins",
          "[queue][damage]") {
  const TempDir folder;
  const std::string path = folder / "queue";
  make_queue(path);
  write_schema(path, "999");
  const std::size_t tables_before = files(path, "", ".sst").size();

  auto queue = open(damage_options(path));
  REQUIRE(queue->stats().set_aside.size() == 1);
  CHECK_THAT(queue->stats().set_aside[0], Catch::Contains("schema 999") && Catch::Contains(path));
  Reader& reader = queue->add_reader("a", {});
  CHECK_FALSE(reader.has_unsent());
  REQUIRE(append(*queue, queue->add_producer("test"), line_of("p1")));
  CHECK(take_all(reader, true).size() == 1);
  std::size_t aside = 0;
  for (const auto& each : fs::recursive_directory_iterator(path + "/set-aside")) {
    if (each.path().extension() == ".sst") ++aside;
  }
  CHECK(aside >= tables_before / 2);  // positions were compacted when the test wrote to it
}

}  // namespace
}  // namespace carbon_spool
