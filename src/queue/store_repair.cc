#include "store_repair.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include "durable_files.h"
#include "store_options.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSetAside = "set-aside";
/// Where RocksDB's repair puts what it does not use.
constexpr const char* kLost = "lost";
/// There from the beginning of a repair until what came of it is stored. Meanwhile CURRENT may lead
/// to a store without tables: RocksDB would take those that are there for left-overs, and delete
/// them.
constexpr const char* kRepair = "repair";
/// In it: tables and logs as the first attempt found them.
constexpr const char* kFound = "found";

bool is_of_store(const fs::path& file) {
  const std::string name = file.filename();
  const std::string kind = file.extension();
  return name == "CURRENT" || name == "IDENTITY" || name.starts_with("MANIFEST-") ||
         name.starts_with("OPTIONS-") || kind == ".sst" || kind == ".log" || kind == ".dbtmp";
}

bool holds_points(const fs::path& file) {
  return file.extension() == ".sst" || (file.extension() == ".log" && file.stem() != "LOG");
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code unknown;
    if (at->is_regular_file(unknown)) files.push_back(at->path());
  }
  return files;
}

/// A folder below `set-aside` that was not there before, named by the time.
Result<fs::path> new_folder_aside(const std::string& path) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &parts);
  const fs::path base = fs::path(path) / kSetAside / stamp;
  for (unsigned attempt = 0;; ++attempt) {
    const fs::path folder =
        attempt == 0 ? base : fs::path(base.string() + "-" + std::to_string(attempt));
    std::error_code failed;
    const bool made = fs::create_directories(folder, failed);
    if (failed) return Error{folder.string() + ": " + failed.message()};
    if (made) return folder;
  }
}

Result<void> move_file(const fs::path& from, const fs::path& folder) {
  std::error_code failed;
  fs::rename(from, folder / from.filename(), failed);
  if (failed) return Error{from.string() + ": " + failed.message()};
  return success();
}

fs::path table_file(const std::string& path, std::uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%06llu.sst", static_cast<unsigned long long>(number));
  return fs::path(path) / name;
}

std::uint64_t greatest_number(const std::string& path) {
  std::uint64_t greatest = 0;
  for (const fs::path& file : files_in(path)) {
    std::string digits = file.stem();
    if (const auto dash = digits.rfind('-'); dash != std::string::npos) digits.erase(0, dash + 1);
    if (digits.empty() ||
        !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    greatest = std::max<std::uint64_t>(greatest, std::strtoull(digits.c_str(), nullptr, 10));
  }
  return greatest;
}

/// RocksDB's repair knows only the column families that some table names, and throws away what the
/// write-ahead log has for others (RocksDB issue 5073). A table of each, from a store that is made
/// for it, with one key that says nothing, and older than anything there.
Result<void> add_table_of_each_family(rocksdb::Env& env, const std::string& path) {
  const fs::path scratch = fs::path(path) / kRepair / "families";
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  {
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::DB* opened = nullptr;
    const auto status =
        rocksdb::DB::Open(store_options(env), scratch, column_families(), &families, &opened);
    if (!status.ok()) return Error{status.ToString()};
    const std::unique_ptr<rocksdb::DB> db(opened);
    const std::string no_sequence(8, '\0');
    rocksdb::Status done = db->Put({}, families[kBatches], no_sequence, "");
    if (done.ok()) done = db->Put({}, families[kShrunk], no_sequence, "");
    if (done.ok()) done = db->Put({}, families[kState], "schema", "1");
    rocksdb::FlushOptions wait;
    if (done.ok()) {
      done = db->Flush(wait, {families[kBatches], families[kState], families[kShrunk]});
    }
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    if (!done.ok()) return Error{done.ToString()};
  }
  std::uint64_t number = greatest_number(path);
  for (const fs::path& file : files_in(scratch)) {
    if (file.extension() != ".sst") continue;
    std::error_code failed;
    fs::rename(file, table_file(path, ++number), failed);
    if (failed) return Error{file.string() + ": " + failed.message()};
  }
  fs::remove_all(scratch, ignored);
  return success();
}

/// Every attempt begins with what the first one found: second links to it. What attempts make goes,
/// also a store that leads to no tables, and that RocksDB has opened and deleted them for.
Result<void> begin_as_found(rocksdb::Env& env, const std::string& path) {
  const fs::path kept = fs::path(path) / kRepair / kFound;
  std::error_code failed;
  if (!fs::exists(kept, failed)) {
    const fs::path part = fs::path(path) / kRepair / "part";
    fs::remove_all(part, failed);
    if (auto made = make_folder(env, part); !made) return made;
    for (const fs::path& file : files_in(path)) {
      if (!failed && holds_points(file)) fs::create_hard_link(file, part / file.filename(), failed);
    }
    if (!failed) fs::rename(part, kept, failed);
    if (failed) return Error{kept.string() + ": " + failed.message()};
    return sync_folder(env, kept.parent_path());
  }
  fs::remove_all(fs::path(path) / kLost, failed);
  for (const fs::path& file : files_in(path)) {
    if (holds_points(file)) fs::remove(file, failed);
  }
  for (const fs::path& file : files_in(kept)) {
    fs::create_hard_link(file, fs::path(path) / file.filename(), failed);
    if (failed) return Error{file.string() + ": " + failed.message()};
  }
  return success();
}

struct NamedTable {
  std::uint64_t number = 0;
  std::uint64_t first = 0;  ///< RocksDB's sequence numbers, not ours
  std::uint64_t last = 0;
};

/// A store cannot have both a write-ahead log and the table that was made of it, nor what was
/// compacted and what came of it. RocksDB's repair makes a table of the log, fails, and names the
/// two (VersionBuilder::CheckConsistency of 7.8; "global_seqno" has one number behind it):
///     L0 file #25 with seqno 422 626 vs. file #21 with seqno 422 626
/// Returns the one with nothing that the other has not; none if the repair failed for another
/// reason.
std::optional<std::uint64_t> table_there_twice(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const char* const named = std::strstr(text.c_str(), "L0 file #");
  if (named == nullptr) return std::nullopt;
  unsigned long long numbers[6] = {};
  const int found = std::sscanf(
      named, "L0 file #%llu with seqno %llu %llu vs. file #%llu with %*[a-z_] %llu %llu",
      &numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4], &numbers[5]);
  if (found < 5) return std::nullopt;
  const NamedTable one{numbers[0], numbers[1], numbers[2]};
  const NamedTable other{numbers[3], numbers[4], numbers[found - 1]};
  const bool other_is_within = one.first <= other.first && other.last <= one.last;
  const bool one_is_within = other.first <= one.first && one.last <= other.last;
  // Of two alike the younger goes: a log may have a hole where its table has none.
  if (one_is_within && other_is_within) return std::max(one.number, other.number);
  if (other_is_within) return other.number;
  if (one_is_within) return one.number;
  return std::nullopt;
}

/// Moves what is in the way to `aside`.
Result<void> put_together(rocksdb::Env& env, const std::string& path, const fs::path& aside) {
  // What leads nowhere.
  for (const fs::path& file : files_in(path)) {
    if (file.filename() != "CURRENT" && file.extension() != ".dbtmp") continue;
    if (auto moved = move_file(file, aside); !moved) return moved;
  }
  if (auto added = add_table_of_each_family(env, path); !added) return added;
  while (true) {
    const rocksdb::Status status = rocksdb::RepairDB(path, store_options(env), column_families());
    if (status.ok()) break;
    const auto twice = table_there_twice(status);
    if (!twice) return Error{status.ToString()};
    if (auto moved = move_file(table_file(path, *twice), aside); !moved) return moved;
  }
  for (const fs::path& file : files_in(fs::path(path) / kLost)) {
    if (auto moved = move_file(file, aside); !moved) return moved;
  }
  std::error_code ignored;
  fs::remove(fs::path(path) / kLost, ignored);
  return success();
}

}  // namespace

Result<void> check_head(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(fs::path(path) / kRepair, ignored)) return Error{"its repair was interrupted"};
  if (fs::exists(fs::path(path) / "CURRENT", ignored)) return success();
  const std::vector<fs::path> files = files_in(path);
  if (std::ranges::any_of(files, holds_points)) return Error{"CURRENT is missing"};
  return success();
}

bool disk_is_writable(rocksdb::Env& env, const std::string& path) {
  const std::string probe = path + "/probe";
  const std::string block(4096, 'x');
  std::unique_ptr<rocksdb::WritableFile> file;
  if (!env.NewWritableFile(probe, &file, rocksdb::EnvOptions()).ok()) return false;
  const bool written = file->Append(block).ok() && file->Sync().ok() && file->Close().ok();
  return env.DeleteFile(probe).ok() && written;
}

Result<void> try_to_read(rocksdb::Env& env, const std::string& path, std::string_view only) {
  std::string piece(1 << 20, '\0');
  for (const fs::path& each : files_in(path)) {
    if (!is_of_store(each) || !each.native().ends_with(only)) continue;
    std::unique_ptr<rocksdb::SequentialFile> file;
    rocksdb::Status status = env.NewSequentialFile(each, &file, rocksdb::EnvOptions());
    rocksdb::Slice found;
    do {
      if (status.ok()) status = file->Read(piece.size(), &found, piece.data());
    } while (status.ok() && !found.empty());
    // What is missing is damage.
    if (!status.ok() && !status.IsNotFound() && !status.IsPathNotFound()) {
      return Error{status.ToString()}.in(each.native());
    }
  }
  return success();
}

Result<void> repair_store(rocksdb::Env& env, const std::string& path, const std::string& why,
                          StoreDamage& damage) {
  auto aside = new_folder_aside(path);
  if (!aside) return aside.error();
  Result<void> done = begin_as_found(env, path);
  if (done) done = put_together(env, path, aside.value());
  if (!done) {
    std::error_code ignored;
    fs::remove(aside.value(), ignored);  // unless there is something in it
    return done.error().in("repair");
  }
  damage.repaired = true;
  damage.set_aside.push_back(
      "the queue was damaged (" + why +
      ") and put together again from what could be read; what could not is in " +
      aside.value().string());
  return success();
}

void end_repair(rocksdb::Env& env, const std::string& path) {
  std::error_code ignored;
  if (fs::remove_all(fs::path(path) / kRepair, ignored) == 0) return;
  static_cast<void>(sync_folder(env, path));  // if it is there again, all is repaired once more
}

Result<void> set_store_aside(rocksdb::Env& env, const std::string& path, const std::string& why,
                             StoreDamage& damage) {
  auto aside = new_folder_aside(path);
  if (!aside) return aside.error();
  std::error_code ignored;
  if (fs::exists(fs::path(path) / kRepair / kFound, ignored)) {
    if (auto begun = begin_as_found(env, path); !begun) return begun;
  }
  for (const fs::path& file : files_in(path)) {
    if (!is_of_store(file)) continue;
    if (auto moved = move_file(file, aside.value()); !moved) return moved;
  }
  fs::remove_all(fs::path(path) / kRepair, ignored);
  damage.set_aside.push_back("the queue could not be used (" + why +
                             ") and was moved as a whole to " + aside.value().string() +
                             "; a new one begins");
  return success();
}

KeptWriteAheadLog::KeptWriteAheadLog(const std::string& path)
    : path_(path + "/" + kSetAside + "/.wal") {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  for (const fs::path& file : files_in(path)) {
    if (file.extension() != ".log") continue;
    fs::create_directories(path_, ignored);
    fs::create_hard_link(file, fs::path(path_) / file.filename(), ignored);
  }
}

KeptWriteAheadLog::~KeptWriteAheadLog() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(fs::path(path_).parent_path(), ignored);  // unless there is something in it
}

void KeptWriteAheadLog::keep(std::uint64_t bytes_skipped, StoreDamage& damage) {
  std::string where;
  if (auto aside = new_folder_aside(fs::path(path_).parent_path().parent_path())) {
    for (const fs::path& file : files_in(path_)) {
      if (!move_file(file, aside.value())) continue;
      where = "; it is kept in " + aside.value().string();
    }
  }
  damage.set_aside.push_back("the write-ahead log was damaged: " + std::to_string(bytes_skipped) +
                             " bytes of it could not be read" + where);
}

std::vector<std::string> set_aside_before(const std::string& path) {
  std::vector<std::string> found;
  std::error_code failed;
  for (fs::directory_iterator at(fs::path(path) / kSetAside, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().filename() == ".wal" || !at->is_directory(failed)) continue;
    found.push_back("an earlier run has set aside what is in " + at->path().string());
  }
  std::ranges::sort(found);
  return found;
}

Result<std::string> keep_table_aside(const std::string& path, const std::string& name) {
  const fs::path folder = fs::path(path) / kSetAside / "tables";
  std::error_code failed;
  fs::create_directories(folder, failed);
  const fs::path file = fs::path(path) / fs::path(name).filename();
  const fs::path kept = folder / file.filename();
  if (::link(file.c_str(), kept.c_str()) != 0 && errno != EEXIST) {
    return Error{kept.string() + ": " + std::generic_category().message(errno)};
  }
  return kept.string();
}

}  // namespace carbon_spool
