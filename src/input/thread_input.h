#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "carbon_spool/input/input.h"

#include "input_state.h"

namespace carbon_spool {

/// An input that listens nowhere: a thread of its own finds or makes the points. It begins with the
/// first `use_prepared`. A class that derives from it calls `stop` in its destructor.
class ThreadInput : public Input {
 public:
  /// `thread`: the name of the thread.
  ThreadInput(const char* thread, const InputOptions& options, ProducerId producer, PointSink& sink,
              const RefusalCounts& refused_before, const Clock& clock);

  [[nodiscard]] Result<void> prepare(const InputOptions& options) override;
  void use_prepared() override;
  void stop() override;
  void finished() override {}
  [[nodiscard]] std::vector<Address> listening() const override { return {}; }
  [[nodiscard]] InputStats stats() const override;
  [[nodiscard]] std::optional<std::string> watch(const std::string&, const std::string&) override {
    return std::nullopt;
  }

 protected:
  using Failures = std::map<std::string, std::string>;

  [[nodiscard]] InputState& state() { return state_; }
  [[nodiscard]] const std::atomic<bool>& stopping() const { return stopping_; }

  // On the thread:

  /// Goes on with these options; called before the first `work`, and when they have changed.
  virtual void take_up(const InputOptions& options) = 0;
  /// Does what is due. Returns how long to wait.
  [[nodiscard]] virtual Milliseconds work() = 0;
  /// Waits; less long after a `wake`, which may have been before.
  virtual void wait(Milliseconds most);
  /// Nothing follows. Called without `take_up` if the input was stopped before.
  virtual void finish() = 0;

  /// What `stats` say from now on.
  void show(const Failures& failing, std::vector<FollowedFile> files = {});
  [[nodiscard]] const Failures& shown() const { return failing_; }

  /// Called by the owner, after there are changed options, or a stop.
  virtual void wake() { changed_or_stopped_.notify_all(); }

 private:
  void run();
  [[nodiscard]] std::optional<InputOptions> take_change();

  const char* const thread_name_;
  InputState state_;
  InputOptions prepared_;
  std::atomic<bool> stopping_{false};  ///< set under mutex_

  mutable std::mutex mutex_;
  std::condition_variable changed_or_stopped_;
  std::optional<InputOptions> in_use_;  ///< guarded by mutex_
  bool changed_ = false;                ///< guarded by mutex_; not yet taken up
  Failures failing_;                    ///< guarded by mutex_; changed by the thread
  std::vector<FollowedFile> files_;     ///< guarded by mutex_

  std::thread thread_;
};

}  // namespace carbon_spool
