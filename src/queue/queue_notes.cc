// Notes: small texts that other modules keep beside the log, by themselves or in one step with
// points.

#include "queue_impl.h"
#include "state_keys.h"

namespace carbon_spool {

void QueueImpl::take_over_notes(const Notes& from, Notes& to) {
  for (const auto& [key, text] : from) to.insert_or_assign(key, text);
}

/// With mutex_ held: `notes` are on disk. There, an empty one is none; in `notes_` it stands for
/// what the disk still has.
void QueueImpl::notes_are_written(const Notes& notes) {
  for (const auto& [key, text] : notes) {
    if (text.empty()) {
      notes_.erase(key);
    } else {
      notes_.insert_or_assign(key, text);
    }
  }
}

void QueueImpl::put_notes(Store::Write& write, const Notes& notes) {
  for (const auto& [key, text] : notes) {
    if (text.empty()) {
      write.remove_state(std::string(kNotePrefix) + key);
    } else {
      write.put_state(std::string(kNotePrefix) + key, text);
    }
  }
}

void QueueImpl::put_note(const std::string& key, const std::string& text) {
  const std::lock_guard write_lock(write_mutex_);
  {
    const std::lock_guard lock(mutex_);
    notes_[key] = text;
    has_unsynced();
  }
  persist(false, [&](Store::Write& write) { put_notes(write, {{key, text}}); });
  const std::lock_guard lock(mutex_);
  if (writable_) notes_are_written({{key, text}});
}

std::optional<std::string> QueueImpl::note(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const std::string* found = nullptr;
  const auto look = [&](const Notes& notes) {
    if (const auto at = notes.find(key); at != notes.end()) found = &at->second;
  };
  look(notes_);
  look(unwritten_notes_);
  for (const Arrival& each : arrivals_) look(each.notes);
  if (found == nullptr || found->empty()) return std::nullopt;
  return *found;
}

}  // namespace carbon_spool
