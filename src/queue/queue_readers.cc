// Readers: what is taken, confirmed, put back.

#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "carbon_spool/base/assert.h"

#include "queue_impl.h"
#include "state_keys.h"
#include "stored_batch.h"

namespace carbon_spool {

Reader& QueueImpl::add_reader(const std::string& name, const ReaderOptions& options) {
  const std::lock_guard write_lock(write_mutex_);
  Store::Write write = store_->begin_write();
  Reader* reader = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& made = readers_[name];
    CS_ASSERT(made == nullptr);
    made = std::make_unique<ReaderImpl>(*this, name);
    reader = made.get();
    write.put_state(std::string(kReaderPrefix) + name, ledger_.adopt(name, options).encode());
  }
  if (auto done = store_->write(write, false); !done) note_error(done.error());
  return *reader;
}

ReaderState& ReaderImpl::state() const {
  return queue_.ledger_.readers().at(name_);
}

std::optional<Reader::Taken> ReaderImpl::take() {
  while (true) {
    Sequence sequence;
    {
      const std::lock_guard lock(queue_.mutex_);
      if (state().to_send.empty()) return std::nullopt;
      sequence = state().to_send.front().begin.sequence;
    }
    const auto found = queue_.find_batch(sequence);
    if (!found) {  // the disk: it may be well again later
      queue_.note_error(found.error());
      return std::nullopt;
    }
    const BatchPtr& batch = found.value();
    if (!batch) {
      queue_.drop_unreadable(name_, sequence);
      continue;
    }
    const std::lock_guard lock(queue_.mutex_);
    ReaderState& reader = state();
    if (!reader.to_send.contains(sequence)) continue;  // dropped while it was read
    const bool sent_before = reader.sent_before.contains(sequence);
    reader.to_send.erase(batch->range());
    reader.sent += batch->range().points();
    if (sent_before) reader.resent += batch->range().points();
    return Taken{batch, sent_before};
  }
}

bool ReaderImpl::has_unsent() const {
  const std::lock_guard lock(queue_.mutex_);
  return !state().to_send.empty();
}

void ReaderImpl::on_unsent(std::function<void()> wake) {
  const std::lock_guard lock(queue_.mutex_);
  wake_ = std::move(wake);
  if (wake_ && !state().to_send.empty()) wake_();
}

void ReaderImpl::acknowledge(const RangeSet& ranges) {
  if (ranges.empty()) return;
  const std::lock_guard write_lock(queue_.write_mutex_);
  Store::Write write = queue_.store_->begin_write();
  RangeSet let_go;
  {
    const std::lock_guard lock(queue_.mutex_);
    let_go = state().acknowledge(ranges);
    write.put_state(std::string(kReaderPrefix) + name_, state().encode());
  }
  queue_.release(let_go, write);
}

void ReaderImpl::put_back(const RangeSet& ranges) {
  const std::lock_guard lock(queue_.mutex_);
  state().put_back(ranges);
}

void ReaderImpl::resend_kept() {
  const std::lock_guard lock(queue_.mutex_);
  state().resend_kept();
}

void ReaderImpl::acknowledge_without(const Range& range, const std::vector<std::string>& lines) {
  if (auto kept = set_aside(lines); !kept) queue_.note_error(kept.error());
  const std::lock_guard write_lock(queue_.write_mutex_);
  Store::Write write = queue_.store_->begin_write();
  RangeSet let_go;
  RangeSet whole;
  whole.insert(range);
  {
    const std::lock_guard lock(queue_.mutex_);
    ReaderState& reader = state();
    const std::uint64_t before = reader.acknowledged;
    let_go = reader.acknowledge(whole);
    if (reader.acknowledged > before) {
      CS_ASSERT(lines.size() <= reader.acknowledged - before);
      reader.acknowledged -= lines.size();
      reader.dropped["poison"] += lines.size();
      reader.last_drop_at = queue_.clock_.unix_seconds();
    }
    write.put_state(std::string(kReaderPrefix) + name_, reader.encode());
  }
  queue_.release(let_go, write);
}

/// Appends the lines to `<queue>/set-aside/<reader>.lines`, where a person finds them.
Result<void> ReaderImpl::set_aside(const std::vector<std::string>& lines) const {
  const std::string folder = queue_.options_.path + "/set-aside";
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const std::string path = folder + "/" + name_ + ".lines";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return Error{path + ": " + std::generic_category().message(errno)};
  std::string text;
  for (const std::string& line : lines) text += line.ends_with('\n') ? line : line + '\n';
  const auto written = ::write(file, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  ::close(file);
  if (!whole) return Error{path + ": not all of it could be written"};
  return success();
}

/// Writes a change of position down, together with the removal of what nobody needs any more.
void QueueImpl::release(const RangeSet& ranges, Store::Write& write) {
  RangeSet unneeded;
  {
    const std::lock_guard lock(mutex_);
    unneeded = ledger_.unneeded(ranges);
  }
  bool some_in_tables = false;
  for (const Range& range : unneeded) {
    for (Sequence at = range.begin.sequence; at < range.end.sequence; at = at.next()) {
      if (store_->is_gathering(at)) {
        write.remove_batch(at);
      } else {
        some_in_tables = true;
      }
    }
  }
  // A failure costs only that these points are sent again after a crash.
  if (auto done = store_->write(write, false); !done) note_error(done.error());
  if (auto sealed = store_->seal_if_due(ledger_.end().sequence); !sealed)
    note_error(sealed.error());
  const std::lock_guard lock(mutex_);
  unsynced_ = true;
  if (some_in_tables) {
    tables_to_remove_ = true;
    upkeep_wanted_.notify_all();
  }
}

void QueueImpl::write_positions(Store::Write& write) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, reader] : ledger_.readers()) {
    write.put_state(std::string(kReaderPrefix) + name, reader.encode());
  }
}

/// Null if it is gone or damaged; fails if the disk cannot be read.
Result<BatchPtr> QueueImpl::find_batch(Sequence sequence) const {
  {
    const std::lock_guard lock(mutex_);
    if (BatchPtr batch = newest_.find(sequence)) return batch;
  }
  return read_stored_batch(*store_, sequence);
}

/// The batch could not be found. Either the cap took it a moment ago, or it is damaged: then all up
/// to the next batch that can be read is lost to this reader, and counted.
void QueueImpl::drop_unreadable(const std::string& reader, Sequence sequence) {
  const std::lock_guard write_lock(write_mutex_);
  Range lost;
  {
    const std::lock_guard lock(mutex_);
    const RangeSet& to_send = ledger_.readers().at(reader).to_send;
    if (!to_send.contains(sequence)) return;
    lost = to_send.front();
  }
  for (Sequence at = sequence; at < lost.end.sequence; at = at.next()) {
    const auto next = find_batch(at);
    if (!next) return note_error(next.error());
    if (next.value()) {
      lost.end = next.value()->range().begin;
      break;
    }
  }
  drop({reader}, lost, "damaged");
}

}  // namespace carbon_spool
