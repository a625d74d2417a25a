#include "host_input.h"

#include <optional>

#include "host_samples.h"
#include "thread_input.h"

namespace carbon_spool {
namespace {

class HostInput final : public ThreadInput {
 public:
  using ThreadInput::ThreadInput;
  ~HostInput() override { stop(); }

 private:
  void take_up(const InputOptions& options) override { samples_.emplace(options.host, state()); }

  [[nodiscard]] Milliseconds work() override {
    const Milliseconds pause = samples_->tick();
    show(samples_->failures());
    return pause;
  }

  void finish() override { samples_.reset(); }

  std::optional<HostSamples> samples_;  ///< of the thread
};

}  // namespace

std::unique_ptr<Input> start_host_input(const InputOptions& options, ProducerId producer,
                                        PointSink& sink, const RefusalCounts& refused_before,
                                        const Clock& clock) {
  return std::make_unique<HostInput>("host", options, producer, sink, refused_before, clock);
}

}  // namespace carbon_spool
