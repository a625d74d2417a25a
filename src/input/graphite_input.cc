#include "carbon_spool/input/graphite_input.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "carbon_spool/input/ingest_threads.h"

#include "bound_socket.h"
#include "datagram_listener.h"
#include "ingest_thread.h"
#include "stream_listener.h"

namespace carbon_spool {
namespace {

class BoundGraphiteInput final : public GraphiteInput {
 public:
  BoundGraphiteInput(const GraphiteInputOptions& options, ProducerId producer, PointSink& sink,
                     IngestThreads& threads, const RefusalCounts& refused_before,
                     const Clock& clock)
      : threads_(threads), state_(options, producer, sink, clock, refused_before) {}

  ~BoundGraphiteInput() override {
    stop();
    finished();
  }

  [[nodiscard]] Result<void> listen(std::vector<BoundSocket> sockets);

  void stop() override;
  void finished() override {
    state_.listeners.wait_for_none();
    state_.connections.wait_for_none();
  }
  [[nodiscard]] std::vector<Address> listening() const override { return listening_; }
  [[nodiscard]] GraphiteInputStats stats() const override;

 private:
  template <class Listener>
  [[nodiscard]] static Result<void> begin(IngestThread& thread, std::unique_ptr<Listener> listener);
  void stop_on(IngestThread& thread);

  IngestThreads& threads_;
  InputState state_;
  std::vector<Address> listening_;
  std::vector<OwnSocketFile> files_;
};

template <class Listener>
Result<void> BoundGraphiteInput::begin(IngestThread& thread, std::unique_ptr<Listener> listener) {
  if (!listener->is_open()) return Error{"the kernel cannot watch any more sockets"};
  boost::asio::post(thread.io(), [listener = std::move(listener)]() mutable {
    Listener::begin(std::move(listener));
  });
  return success();
}

Result<void> BoundGraphiteInput::listen(std::vector<BoundSocket> sockets) {
  std::uint32_t datagram_sockets = 0;
  for (BoundSocket& each : sockets) {
    listening_.push_back(each.address);
    if (each.file) files_.push_back(std::move(*each.file));
  }
  for (BoundSocket& each : sockets) {
    const bool stream = is_stream(each.address);
    IngestThread& thread = threads_.at(stream ? 0 : datagram_sockets++ % threads_.size());
    const Result<void> begun =
        stream
            ? begin(thread, std::make_unique<StreamListener>(state_, threads_, std::move(each.fd)))
            : begin(thread, std::make_unique<DatagramListener>(state_, thread, std::move(each.fd)));
    if (!begun) return begun.error().in("listen on " + to_string(each.address));
  }
  return success();
}

void BoundGraphiteInput::stop() {
  if (state_.stopping.exchange(true)) return;
  files_.clear();
  for (std::uint32_t index = 0; index < threads_.size(); ++index) stop_on(threads_.at(index));
}

void BoundGraphiteInput::stop_on(IngestThread& thread) {
  // The presence keeps the state alive until the work has run, which may be after `stop` returns.
  const auto presence = std::make_shared<Attendance::Presence>(state_.listeners);
  thread.gatherer().run_unless_held([this, &thread, presence] {
    for (InputSocket& each : thread.sockets()) {
      if (&each.input() == &state_) each.stop();
    }
    thread.gatherer().hand_over();
  });
}

GraphiteInputStats BoundGraphiteInput::stats() const {
  GraphiteInputStats stats;
  stats.connections = state_.connections.count();
  for (std::size_t index = 0; index < stats.refused.size(); ++index) {
    stats.refused[index] = state_.refused[index].load(std::memory_order_relaxed);
  }
  stats.connections_refused = state_.connections_refused.load(std::memory_order_relaxed);
  stats.fragments_cut = state_.fragments_cut.load(std::memory_order_relaxed);
  stats.datagrams_dropped = state_.datagrams_dropped.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace

Result<std::unique_ptr<GraphiteInput>> GraphiteInput::start(const GraphiteInputOptions& options,
                                                            ProducerId producer, PointSink& sink,
                                                            IngestThreads& threads,
                                                            const RefusalCounts& refused_before,
                                                            const Clock& clock) {
  const std::string context = "input " + options.name;
  std::vector<BoundSocket> sockets;
  for (const Address& each : options.listen) {
    Result<std::vector<BoundSocket>> bound = bind_address(each);
    if (!bound) return bound.error().in(context);
    for (BoundSocket& one : bound.value()) sockets.push_back(std::move(one));
  }
  auto input =
      std::make_unique<BoundGraphiteInput>(options, producer, sink, threads, refused_before, clock);
  const Result<void> listening = input->listen(std::move(sockets));
  if (!listening) return listening.error().in(context);
  return std::unique_ptr<GraphiteInput>(std::move(input));
}

}  // namespace carbon_spool
