#include "event_input.h"

#include <future>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

#include "event_client.h"
#include "input_state.h"
#include "listenings.h"
#include "stream_acceptor.h"

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class EventInput final : public Input {
 public:
  EventInput(const InputOptions& options, ProducerId producer, PointSink& sink,
             const RefusalCounts& refused_before, const Clock& clock)
      : state_(options, producer, sink, clock, refused_before),
        idle_timeout_(options.idle_timeout),
        keep_running_(io_.get_executor()),
        thread_([this] {
          ::pthread_setname_np(::pthread_self(), "events");
          io_.run();
        }) {}

  ~EventInput() override {
    stop();
    finished();
  }

  [[nodiscard]] Result<void> prepare(const InputOptions& options) override;
  void use_prepared() override;
  void stop() override;

  void finished() override {
    state_.connections.wait_for_none();
    keep_running_.reset();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::vector<Address> listening() const override { return listenings_.addresses(); }

  [[nodiscard]] InputStats stats() const override { return state_.stats(); }
  [[nodiscard]] std::optional<std::string> watch(const std::string&, const std::string&) override {
    return std::nullopt;
  }

 private:
  struct Door {
    ListeningPtr listening;
    StreamAcceptor acceptor;
  };

  /// Runs it on the thread, and waits for it.
  template <class Work>
  void on_thread(Work work);
  void open_door(const ListeningPtr& listening, BoundSocket& socket);
  void close(const ListeningPtr& listening);
  [[nodiscard]] asio::awaitable<void> accept_clients(std::shared_ptr<Door> door);
  [[nodiscard]] asio::awaitable<void> serve(std::shared_ptr<EventClient> client);

  InputState state_;
  InputOptions wanted_;  ///< as prepared
  Listenings listenings_;

  // Of the thread.
  asio::io_context io_{1};
  Milliseconds idle_timeout_;
  std::list<std::shared_ptr<Door>> doors_;
  std::list<std::shared_ptr<EventClient>> clients_;

  asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
  std::thread thread_;
};

Result<void> EventInput::prepare(const InputOptions& options) {
  wanted_ = options;
  return listenings_.prepare(options);
}

void EventInput::use_prepared() {
  state_.max_connections = wanted_.max_connections;
  Listenings::Change change = listenings_.use_prepared();
  on_thread([&] {
    idle_timeout_ = wanted_.idle_timeout;
    for (const ListeningPtr& each : change.gone) close(each);
    for (Listenings::Prepared& each : change.come) {
      for (BoundSocket& socket : each.sockets) open_door(each.listening, socket);
    }
  });
}

void EventInput::stop() {
  listenings_.take_back_prepared();
  if (!thread_.joinable()) return;
  on_thread([this] {
    for (const ListeningPtr& each : listenings_.all()) close(each);
  });
}

template <class Work>
void EventInput::on_thread(Work work) {
  std::promise<void> done;
  asio::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void EventInput::open_door(const ListeningPtr& listening, BoundSocket& socket) {
  const auto door = std::make_shared<Door>(Door{listening, StreamAcceptor(io_)});
  if (!door->acceptor.open(socket)) return state_.log_not_listening(socket.address);
  doors_.push_back(door);
  asio::co_spawn(io_, accept_clients(door), asio::detached);
}

/// On the thread.
void EventInput::close(const ListeningPtr& listening) {
  listening->stopping = true;
  listening->files.clear();
  std::erase_if(doors_, [&](const std::shared_ptr<Door>& each) {
    if (each->listening != listening) return false;
    each->acceptor.close();
    return true;
  });
  for (const auto& each : clients_) {
    if (&each->listening() == listening.get()) each->stop();
  }
}

asio::awaitable<void> EventInput::accept_clients(std::shared_ptr<Door> door) {
  while (!door->listening->stopping) {
    error_code failed;
    EventClient::Socket socket = co_await door->acceptor.accept(failed);
    if (door->listening->stopping) co_return;
    if (failed) {
      state_.log_trouble("cannot accept connections, waiting: " + failed.message());
      co_await door->acceptor.pause();
      continue;
    }
    if (!state_.has_room_for(socket.native_handle())) continue;
    const auto client =
        std::make_shared<EventClient>(state_, door->listening, std::move(socket), idle_timeout_);
    asio::co_spawn(io_, serve(client), asio::detached);
  }
}

asio::awaitable<void> EventInput::serve(std::shared_ptr<EventClient> client) {
  if (client->listening().stopping) co_return;
  const auto place = clients_.insert(clients_.end(), client);
  co_await client->serve();
  clients_.erase(place);
}

}  // namespace

std::unique_ptr<Input> make_event_input(const InputOptions& options, ProducerId producer,
                                        PointSink& sink, const RefusalCounts& refused_before,
                                        const Clock& clock) {
  return std::make_unique<EventInput>(options, producer, sink, refused_before, clock);
}

}  // namespace carbon_spool
