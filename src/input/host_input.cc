#include "host_input.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <pthread.h>

#include "host_samples.h"
#include "input_state.h"

namespace carbon_spool {
namespace {

class HostInput final : public Input {
 public:
  HostInput(const InputOptions& options, ProducerId producer, PointSink& sink,
            const RefusalCounts& refused_before, const Clock& clock)
      : state_(options, producer, sink, clock, refused_before), prepared_(options.host) {}

  ~HostInput() override { stop(); }

  [[nodiscard]] Result<void> prepare(const InputOptions& options) override {
    prepared_ = options.host;
    return success();
  }

  void use_prepared() override {
    {
      const std::lock_guard lock(mutex_);
      if (prepared_ != in_use_) {
        in_use_ = prepared_;
        changed_ = true;
      }
    }
    wake_.notify_all();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void finished() override {}
  [[nodiscard]] std::vector<Address> listening() const override { return {}; }

  [[nodiscard]] InputStats stats() const override {
    InputStats stats = state_.stats();
    const std::lock_guard lock(mutex_);
    stats.failing = failing_;
    return stats;
  }

  [[nodiscard]] std::optional<std::string> watch(const std::string&, const std::string&) override {
    return std::nullopt;
  }

 private:
  void run() {
    ::pthread_setname_np(::pthread_self(), "host");
    std::optional<HostSamples> samples;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (changed_) {
        changed_ = false;
        samples.emplace(*in_use_, state_);
      }
      lock.unlock();
      const Milliseconds pause = samples->tick();
      lock.lock();
      failing_ = samples->failures();
      wake_.wait_for(lock, pause, [this] { return stopping_ || changed_; });
    }
  }

  InputState state_;
  HostInputOptions prepared_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<HostInputOptions> in_use_;      ///< guarded by mutex_
  bool changed_ = false;                        ///< guarded by mutex_; not yet taken up
  bool stopping_ = false;                       ///< guarded by mutex_
  std::map<std::string, std::string> failing_;  ///< guarded by mutex_

  std::thread thread_;
};

}  // namespace

std::unique_ptr<Input> start_host_input(const InputOptions& options, ProducerId producer,
                                        PointSink& sink, const RefusalCounts& refused_before,
                                        const Clock& clock) {
  return std::make_unique<HostInput>(options, producer, sink, refused_before, clock);
}

}  // namespace carbon_spool
