#include "event_input.h"

#include <algorithm>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>
#include <sys/socket.h>

#include "bound_socket.h"
#include "event_client.h"
#include "input_state.h"
#include "socket_address.h"

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Before the next try when there is no file descriptor for a client.
constexpr Milliseconds kAcceptPause{100};

int family_of(const Address& address) {
  if (!address.path.empty()) return AF_UNIX;
  return address.host.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

/// A listener's sockets are reset when they are closed (bound_socket.cc); these are not, since an
/// answer says what was accepted.
void close_in_order(int fd) {
  const linger in_order{0, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &in_order, sizeof(in_order));
}

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

  [[nodiscard]] std::vector<Address> listening() const override {
    const std::lock_guard lock(mutex_);
    std::vector<Address> addresses;
    for (const ListeningPtr& each : listenings_) {
      addresses.insert(addresses.end(), each->bound.begin(), each->bound.end());
    }
    return addresses;
  }

  [[nodiscard]] InputStats stats() const override { return state_.stats(); }
  [[nodiscard]] std::optional<std::string> watch(const std::string&, const std::string&) override {
    return std::nullopt;
  }

 private:
  using Protocol = asio::generic::stream_protocol;
  using Acceptor = asio::basic_socket_acceptor<Protocol>;

  struct Prepared {
    ListeningPtr listening;
    std::vector<BoundSocket> sockets;
  };
  struct Door {
    ListeningPtr listening;
    Acceptor acceptor;
    asio::steady_timer pause;
  };

  /// Runs it on the thread, and waits for it.
  template <class Work>
  void on_thread(Work work);
  void open_door(const ListeningPtr& listening, BoundSocket& socket);
  void close(const ListeningPtr& listening);
  [[nodiscard]] asio::awaitable<void> accept_clients(std::shared_ptr<Door> door);
  [[nodiscard]] asio::awaitable<void> serve(std::shared_ptr<EventClient> client);

  InputState state_;
  InputOptions wanted_;
  std::vector<Prepared> prepared_;

  mutable std::mutex mutex_;
  std::vector<ListeningPtr> listenings_;  ///< guarded by mutex_; changed by the owner

  // Of the thread.
  asio::io_context io_{1};
  Milliseconds idle_timeout_;
  std::list<std::shared_ptr<Door>> doors_;
  std::list<std::shared_ptr<EventClient>> clients_;

  asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
  std::thread thread_;
};

Result<void> EventInput::prepare(const InputOptions& options) {
  prepared_.clear();
  wanted_ = options;
  for (const Address& each : options.listen) {
    if (std::ranges::any_of(listenings_, [&](const auto& one) { return one->configured == each; }))
      continue;
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

void EventInput::use_prepared() {
  state_.max_connections = wanted_.max_connections;
  std::vector<ListeningPtr> unwanted;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = std::ranges::stable_partition(listenings_, [&](const ListeningPtr& each) {
      return std::ranges::find(wanted_.listen, each->configured) != wanted_.listen.end();
    });
    unwanted.assign(kept.begin(), kept.end());
    listenings_.erase(kept.begin(), kept.end());
    for (const Prepared& each : prepared_) listenings_.push_back(each.listening);
  }
  on_thread([&] {
    idle_timeout_ = wanted_.idle_timeout;
    for (const ListeningPtr& each : unwanted) close(each);
    for (Prepared& each : prepared_) {
      for (BoundSocket& socket : each.sockets) open_door(each.listening, socket);
    }
  });
  prepared_.clear();
}

void EventInput::stop() {
  prepared_.clear();
  if (!thread_.joinable()) return;
  on_thread([this] {
    const std::lock_guard lock(mutex_);
    for (const ListeningPtr& each : listenings_) close(each);
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
  const auto door = std::make_shared<Door>(Door{listening, Acceptor(io_), asio::steady_timer(io_)});
  error_code failed;
  door->acceptor.assign(Protocol(family_of(socket.address), 0), socket.fd.get(), failed);
  if (failed) {
    return state_.log_trouble("the kernel cannot watch any more sockets: not listening on " +
                              to_string(socket.address));
  }
  static_cast<void>(socket.fd.release());
  doors_.push_back(door);
  asio::co_spawn(io_, accept_clients(door), asio::detached);
}

/// On the thread.
void EventInput::close(const ListeningPtr& listening) {
  listening->stopping = true;
  listening->files.clear();
  std::erase_if(doors_, [&](const std::shared_ptr<Door>& each) {
    if (each->listening != listening) return false;
    error_code ignored;
    each->acceptor.close(ignored);
    each->pause.cancel();
    return true;
  });
  for (const auto& each : clients_) {
    if (&each->listening() == listening.get()) each->stop();
  }
}

asio::awaitable<void> EventInput::accept_clients(std::shared_ptr<Door> door) {
  while (!door->listening->stopping) {
    error_code failed;
    Protocol::socket socket =
        co_await door->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (door->listening->stopping) co_return;
    if (failed) {
      state_.log_trouble("cannot accept connections, waiting: " + failed.message());
      door->pause.expires_after(kAcceptPause);
      co_await door->pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
    close_in_order(socket.native_handle());
    const std::uint32_t most = state_.max_connections.load();
    if (state_.connections.count() >= most) {
      state_.count_connection_refused(
          peer_name(socket.native_handle()),
          "there are as many as max_connections (" + std::to_string(most) + ") allows");
      continue;
    }
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
