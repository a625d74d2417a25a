// The store's table files: which there are, how they go, and those that are made of others.

#include <algorithm>
#include <utility>

#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_writer.h>

#include "store.h"
#include "store_impl.h"

namespace carbon_spool {
namespace {

/// Beside the store's own files, and named so that nobody takes it for one of them.
std::string unfinished_in(const std::string& path) {
  return path + "/shrunk.part";
}

Result<void> remove_if_there(rocksdb::Env& env, const std::string& file) {
  if (env.FileExists(file).IsNotFound()) return success();
  return result_of(env.DeleteFile(file));
}

/// Tables are in order, and two of one family never overlap: a table of `batches` that does with
/// one of `shrunk` is one of those that it was made of.
void mark_replaced(std::vector<TableFile>& tables) {
  Sequence shrunk_up_to;
  for (auto at = tables.begin(); at != tables.end(); ++at) {
    if (!at->shrunk) {
      at->replaced = at->first <= shrunk_up_to;
      continue;
    }
    shrunk_up_to = at->last;
    for (auto before = at; before != tables.begin();) {
      --before;
      if (before->shrunk) continue;
      if (before->last < at->first) break;
      before->replaced = true;
    }
  }
}

}  // namespace

void Store::wait_until_settled() {
  impl_->listener->wait_until([this] {
    if (impl_->is_stopped_by_error()) return true;
    if (impl_->table_is_being_written()) return false;
    const auto all = tables();
    return std::all_of(all.begin(), all.end(),
                       [](const TableFile& table) { return table.removable; });
  });
}

std::vector<TableFile> Store::tables() const {
  std::vector<TableFile> tables;
  for (const std::size_t family : {kBatches, kShrunk}) {
    rocksdb::ColumnFamilyMetaData found;
    impl_->db->GetColumnFamilyMetaData(impl_->families[family], &found);
    for (const auto& level : found.levels) {
      for (const auto& file : level.files) {
        TableFile table;
        table.first = sequence_of(file.smallestkey);
        table.last = sequence_of(file.largestkey);
        table.bytes = file.size;
        table.name = file.name;
        table.removable = level.level > 0 && !file.being_compacted;
        table.shrunk = family == kShrunk;
        tables.push_back(std::move(table));
      }
    }
  }
  std::ranges::sort(tables, {}, &TableFile::first);
  mark_replaced(tables);
  return tables;
}

Result<void> Store::remove_table(const TableFile& table) {
  const Key begin = key_of(table.first);
  const Key end = key_of(table.last);
  const rocksdb::Slice from = slice(begin);
  const rocksdb::Slice to = slice(end);
  const auto family = impl_->families[table.shrunk ? kShrunk : kBatches];
  return result_of(rocksdb::DeleteFilesInRange(impl_->db.get(), family, &from, &to));
}

struct Store::ShrunkTable::Impl {
  Impl(const rocksdb::Options& options, rocksdb::ColumnFamilyHandle* family, std::string name)
      : env(*options.env),
        path(std::move(name)),
        writer(rocksdb::EnvOptions(options), options, family) {}

  rocksdb::Env& env;
  const std::string path;
  rocksdb::SstFileWriter writer;
};

Store::ShrunkTable::ShrunkTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::ShrunkTable::~ShrunkTable() {
  static_cast<void>(remove_if_there(impl_->env, impl_->path));
}

Result<void> Store::ShrunkTable::remove_unfinished(rocksdb::Env& env, const std::string& path) {
  return remove_if_there(env, unfinished_in(path));
}

Result<void> Store::ShrunkTable::put(Sequence sequence, std::string_view stored) {
  return result_of(impl_->writer.Put(slice(key_of(sequence)), slice(stored)));
}

std::uint64_t Store::ShrunkTable::bytes() const {
  return impl_->writer.FileSize();
}

Result<void> Store::ShrunkTable::finish() {
  return result_of(impl_->writer.Finish());
}

Result<std::unique_ptr<Store::ShrunkTable>> Store::begin_shrunk_table() const {
  // What has this name may be the second name of a table of the store: never to be written to.
  if (auto gone = ShrunkTable::remove_unfinished(*impl_->db->GetEnv(), impl_->path); !gone) {
    return gone.error();
  }
  rocksdb::ColumnFamilyHandle* const family = impl_->families[kShrunk];
  auto impl = std::make_unique<ShrunkTable::Impl>(impl_->db->GetOptions(family), family,
                                                  unfinished_in(impl_->path));
  if (const auto status = impl->writer.Open(impl->path); !status.ok()) return error_of(status);
  return std::unique_ptr<ShrunkTable>(new ShrunkTable(std::move(impl)));
}

/// After it has recovered from an error, RocksDB 7.8 may ingest without having a number for the
/// file, and end the process for that.
bool Store::can_add() const {
  return !impl_->listener->had_error();
}

Result<void> Store::add(const ShrunkTable& table) {
  if (!can_add()) return Error{"the store had an error: it has to be opened anew first"};
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;  // a second link, or a copy; the first one goes with `table`
  // Nobody has a snapshot, and no two tables overlap: else this fails.
  options.snapshot_consistency = false;
  options.allow_global_seqno = false;
  options.allow_blocking_flush = false;
  options.write_global_seqno = false;
  return result_of(
      impl_->db->IngestExternalFile(impl_->families[kShrunk], {table.impl_->path}, options));
}

}  // namespace carbon_spool
