#include "refusal_keeper.h"

#include <chrono>

#include <pthread.h>

#include "refusal_note.h"

namespace carbon_spool {

RefusalKeeper::RefusalKeeper(Queue& queue, std::vector<NamedInput> inputs)
    : queue_(queue), inputs_(std::move(inputs)) {
  for (const auto& [name, input] : inputs_) {
    written_.push_back(queue_.note(refusal_note_key(name)).value_or(""));
  }
  thread_ = std::jthread([this](const std::stop_token& stopped) { keep_writing(stopped); });
  pthread_setname_np(thread_.native_handle(), "tick");
}

RefusalKeeper::~RefusalKeeper() {
  thread_.request_stop();
  thread_.join();
  write_changed();
}

void RefusalKeeper::keep_writing(const std::stop_token& stopped) {
  std::unique_lock lock(mutex_);
  while (!stopped.stop_requested()) {
    wake_.wait_for(lock, stopped, std::chrono::seconds(1), [] { return false; });
    write_changed();
  }
}

void RefusalKeeper::write_changed() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    std::string note = to_refusal_note(inputs_[i].second->stats().refused);
    if (note == written_[i]) continue;
    queue_.put_note(refusal_note_key(inputs_[i].first), note);
    written_[i] = std::move(note);
  }
}

}  // namespace carbon_spool
