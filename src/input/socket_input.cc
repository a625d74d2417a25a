#include <algorithm>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>

#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/input/input.h"

#include "bound_socket.h"
#include "datagram_listener.h"
#include "event_input.h"
#include "host_input.h"
#include "ingest_thread.h"
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
  [[nodiscard]] std::vector<Address> listening() const override;
  [[nodiscard]] InputStats stats() const override { return state_.stats(); }
  [[nodiscard]] std::optional<std::string> watch(const std::string& watcher,
                                                 const std::string& pattern) override {
    if (!statsd_) return std::nullopt;
    return statsd_->watch().ask(watcher, pattern);
  }

 private:
  /// An address that is bound, and not listened on yet.
  struct Prepared {
    ListeningPtr listening;
    std::vector<BoundSocket> sockets;
  };

  template <class Listener>
  void begin(IngestThread& thread, std::unique_ptr<Listener> listener, const Address& address);
  void listen(Prepared prepared);
  void stop(const std::vector<ListeningPtr>& listenings);
  void stop_on(IngestThread& thread);

  IngestThreads& threads_;
  InputState state_;
  std::unique_ptr<StatsdService> statsd_;  ///< of a StatsD input
  bool begun_ = false;
  InputOptions wanted_;  ///< as prepared
  std::vector<Prepared> prepared_;
  std::uint32_t datagram_sockets_ = 0;

  mutable std::mutex mutex_;              ///< for `listening`
  std::vector<ListeningPtr> listenings_;  ///< guarded by mutex_
};

Result<void> SocketInput::prepare_statsd(const InputOptions& options) {
  auto made = StatsdService::prepare(options.statsd, state_);
  if (!made) return made.error().in("input " + options.name);
  statsd_ = std::move(made.value());
  state_.statsd = statsd_.get();
  return success();
}

Result<void> SocketInput::prepare(const InputOptions& options) {
  prepared_.clear();
  wanted_ = options;
  for (const Address& each : options.listen) {
    if (std::ranges::find(listenings_, each, [](const ListeningPtr& one) {
          return one->configured;
        }) != listenings_.end()) {
      continue;
    }
    if (!is_stream(each) && !takes_datagrams(options.type)) {
      prepared_.clear();
      return Error{"listen on " + to_string(each) + ": " + std::string(name_of(options.type)) +
                   " comes in streams"}
          .in("input " + options.name);
    }
    Result<std::vector<BoundSocket>> bound = bind_address(each);
    if (!bound) {
      prepared_.clear();
      return bound.error().in("input " + options.name);
    }
    Prepared prepared{std::make_shared<Listening>(), std::move(bound.value())};
    prepared.listening->configured = each;
    for (BoundSocket& socket : prepared.sockets) {
      prepared.listening->bound.push_back(socket.address);
      if (socket.file) prepared.listening->files.push_back(std::move(*socket.file));
    }
    prepared_.push_back(std::move(prepared));
  }
  return success();
}

void SocketInput::use_prepared() {
  if (statsd_ && !prepared_.empty() && !std::exchange(begun_, true)) statsd_->begin();
  state_.max_connections = wanted_.max_connections;
  std::vector<ListeningPtr> unwanted;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = std::ranges::stable_partition(listenings_, [&](const ListeningPtr& each) {
      return std::ranges::find(wanted_.listen, each->configured) != wanted_.listen.end();
    });
    unwanted.assign(kept.begin(), kept.end());
    listenings_.erase(kept.begin(), kept.end());
  }
  stop(unwanted);
  for (Prepared& each : prepared_) listen(std::move(each));
  prepared_.clear();
}

void SocketInput::listen(Prepared prepared) {
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
  const std::lock_guard lock(mutex_);
  listenings_.push_back(std::move(prepared.listening));
}

template <class Listener>
void SocketInput::begin(IngestThread& thread, std::unique_ptr<Listener> listener,
                        const Address& address) {
  if (!listener->is_open()) {
    state_.log_trouble("the kernel cannot watch any more sockets: not listening on " +
                       to_string(address));
    return;
  }
  boost::asio::post(thread.io(), [listener = std::move(listener)]() mutable {
    Listener::begin(std::move(listener));
  });
}

std::vector<Address> SocketInput::listening() const {
  const std::lock_guard lock(mutex_);
  std::vector<Address> addresses;
  for (const ListeningPtr& each : listenings_) {
    addresses.insert(addresses.end(), each->bound.begin(), each->bound.end());
  }
  return addresses;
}

void SocketInput::stop() {
  prepared_.clear();
  std::vector<ListeningPtr> all;
  {
    const std::lock_guard lock(mutex_);
    all = listenings_;
  }
  stop(all);
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
