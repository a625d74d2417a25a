#include <utility>

#include <boost/asio/post.hpp>

#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/input/input.h"

#include "datagram_listener.h"
#include "event_input.h"
#include "host_input.h"
#include "ingest_thread.h"
#include "listenings.h"
#include "statsd_service.h"
#include "stream_listener.h"
#include "tail_input.h"

namespace carbon_spool {
namespace {

class SocketInput final : public Input {
 public:
  SocketInput(const InputOptions& options, ProducerId producer, PointSink& sink,
              IngestThreads& threads, const RefusalCounts& refused_before, const Clock& clock)
      : threads_(threads), state_(options, producer, sink, clock, refused_before) {}

  ~SocketInput() override {
    stop();
    finished();
  }

  /// Makes what a StatsD input has beside its sockets. Before the first `prepare`.
  [[nodiscard]] Result<void> prepare_statsd(const InputOptions& options);

  [[nodiscard]] Result<void> prepare(const InputOptions& options) override;
  void use_prepared() override;

  void stop() override;
  void finished() override {
    state_.listeners.wait_for_none();
    state_.connections.wait_for_none();
  }
  [[nodiscard]] std::vector<Address> listening() const override { return listenings_.addresses(); }
  [[nodiscard]] InputStats stats() const override { return state_.stats(); }
  [[nodiscard]] std::optional<std::string> watch(const std::string& watcher,
                                                 const std::string& pattern) override {
    if (!statsd_) return std::nullopt;
    return statsd_->watch().ask(watcher, pattern);
  }

 private:
  template <class Listener>
  void begin(IngestThread& thread, std::unique_ptr<Listener> listener, const Address& address);
  void listen(Listenings::Prepared& prepared);
  void stop(const std::vector<ListeningPtr>& listenings);
  void stop_on(IngestThread& thread);

  IngestThreads& threads_;
  InputState state_;
  std::unique_ptr<StatsdService> statsd_;  ///< of a StatsD input
  bool begun_ = false;
  InputOptions wanted_;  ///< as prepared
  Listenings listenings_;
  std::uint32_t datagram_sockets_ = 0;
};

Result<void> SocketInput::prepare_statsd(const InputOptions& options) {
  auto made = StatsdService::prepare(options.statsd, state_);
  if (!made) return made.error().in("input " + options.name);
  statsd_ = std::move(made.value());
  state_.statsd = statsd_.get();
  return success();
}

Result<void> SocketInput::prepare(const InputOptions& options) {
  wanted_ = options;
  return listenings_.prepare(options);
}

void SocketInput::use_prepared() {
  Listenings::Change change = listenings_.use_prepared();
  if (statsd_ && !change.come.empty() && !std::exchange(begun_, true)) statsd_->begin();
  state_.max_connections = wanted_.max_connections;
  stop(change.gone);
  for (Listenings::Prepared& each : change.come) listen(each);
}

void SocketInput::listen(Listenings::Prepared& prepared) {
  for (BoundSocket& each : prepared.sockets) {
    const bool stream = is_stream(each.address);
    IngestThread& thread = threads_.at(stream ? 0 : datagram_sockets_++ % threads_.size());
    if (stream) {
      begin(thread,
            std::make_unique<StreamListener>(state_, prepared.listening, threads_,
                                             std::move(each.fd)),
            each.address);
    } else {
      begin(thread,
            std::make_unique<DatagramListener>(state_, prepared.listening, thread,
                                               std::move(each.fd)),
            each.address);
    }
  }
}

template <class Listener>
void SocketInput::begin(IngestThread& thread, std::unique_ptr<Listener> listener,
                        const Address& address) {
  if (!listener->is_open()) {
    state_.log_not_listening(address);
    return;
  }
  boost::asio::post(thread.io(), [listener = std::move(listener)]() mutable {
    Listener::begin(std::move(listener));
  });
}

void SocketInput::stop() {
  listenings_.take_back_prepared();
  stop(listenings_.all());
  if (statsd_) statsd_->stop();
}

void SocketInput::stop(const std::vector<ListeningPtr>& listenings) {
  bool any = false;
  for (const ListeningPtr& each : listenings) {
    if (each->stopping.exchange(true)) continue;
    each->files.clear();
    any = true;
  }
  if (!any) return;
  for (std::uint32_t index = 0; index < threads_.size(); ++index) stop_on(threads_.at(index));
}

void SocketInput::stop_on(IngestThread& thread) {
  // The presence keeps the state alive until the work has run, which may be after `stop` returns.
  const auto presence = std::make_shared<Attendance::Presence>(state_.listeners);
  thread.gatherer().run_unless_held([this, &thread, presence] {
    for (InputSocket& each : thread.sockets()) {
      if (&each.input() == &state_ && each.listening().stopping) each.stop();
    }
    thread.gatherer().hand_over();
  });
}

}  // namespace

std::string_view name_of(InputType type) {
  switch (type) {
    case InputType::Graphite:
      break;
    case InputType::Pickle:
      return "pickle";
    case InputType::Statsd:
      return "statsd";
    case InputType::Host:
      return "host";
    case InputType::Tail:
      return "tail";
    case InputType::Events:
      return "events";
  }
  return "graphite";
}

bool takes_datagrams(InputType type) {
  return type != InputType::Pickle && type != InputType::Events;
}

Result<std::unique_ptr<Input>> Input::start(const InputOptions& options, ProducerId producer,
                                            PointSink& sink, IngestThreads& threads,
                                            const RefusalCounts& refused_before,
                                            const Clock& clock) {
  if (options.type == InputType::Host) {
    return start_host_input(options, producer, sink, refused_before, clock);
  }
  if (options.type == InputType::Tail) {
    return start_tail_input(options, producer, sink, refused_before, clock);
  }
  if (options.type == InputType::Events) {
    auto events = make_event_input(options, producer, sink, refused_before, clock);
    if (auto prepared = events->prepare(options); !prepared) return prepared.error();
    events->use_prepared();
    return events;
  }
  auto input =
      std::make_unique<SocketInput>(options, producer, sink, threads, refused_before, clock);
  if (options.type == InputType::Statsd) {
    if (auto started = input->prepare_statsd(options); !started) return started.error();
  }
  if (auto prepared = input->prepare(options); !prepared) return prepared.error();
  input->use_prepared();
  return std::unique_ptr<Input>(std::move(input));
}

}  // namespace carbon_spool
