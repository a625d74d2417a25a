#include "carbon_spool/output/graphite_sender.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include "sender.h"

namespace carbon_spool {
namespace {

/// Failures of a batch alone on a connection before others may overtake it: with `oldest_first`
/// that is the exception to the order, so it is rarer.
constexpr unsigned kPatience = 3;
constexpr unsigned kPatienceInOrder = 20;

}  // namespace

std::unique_ptr<GraphiteSender> GraphiteSender::start(
    const SenderOptions& options, Reader& reader, std::function<std::uint64_t()> points_waiting) {
  Supply supply;
  supply.sources = {{&reader, {}, {}, true}};
  supply.own = &reader;
  return start(options, std::move(supply), std::move(points_waiting));
}

std::unique_ptr<GraphiteSender> GraphiteSender::start(
    const SenderOptions& options, Supply supply, std::function<std::uint64_t()> points_waiting) {
  return std::make_unique<Sender>(options, std::move(supply), std::move(points_waiting));
}

Sender::Sender(const SenderOptions& options, Supply supply,
               std::function<std::uint64_t()> points_waiting)
    : options_(options),
      sources_(std::move(supply)),
      report_(options, std::move(points_waiting)),
      wake_(io_.get_executor()),
      backoff_(options.backoff_max, std::random_device()()),
      budget_(options.confirm_bytes, options.confirm_timeout),
      pace_(options.replay_rate),
      suspects_(options.replay == Replay::OldestFirst ? kPatienceInOrder : kPatience) {
  spawn(run());
  thread_ = std::jthread([this] { io_.run(); });
  const std::string name = ("send-" + options.name).substr(0, 15);
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

Sender::~Sender() {
  drain(Milliseconds(0));
  finished();
}

void Sender::drain(Milliseconds timeout, Drain what) {
  asio::post(io_, [this, what, deadline = present() + timeout] { begin_drain(deadline, what); });
}

void Sender::finished() {
  if (thread_.joinable()) thread_.join();
}

SenderStats Sender::stats() const {
  return report_.stats();
}

/// Connect, send, confirm, back off.
asio::awaitable<void> Sender::run() {
  sources_.on_change([this] {
    if (unsent_noted_.exchange(true)) return;
    asio::post(io_, [this] {
      unsent_noted_ = false;
      wake_.notify();
    });
  });
  while (!over()) {
    co_await connect();
    if (!current_) continue;
    co_await carry(*current_);
    if (expired()) break;
    const CarrierPtr carrier = std::exchange(current_, nullptr);
    if (carrier->connection->failed()) {
      lost(*carrier);
    } else {
      retire(carrier);
    }
  }
  sources_.on_change({});
  give_up();
  io_.stop();
}

/// Returns with a current connection, or because it is over.
asio::awaitable<void> Sender::connect() {
  while (!over() && !current_) {
    sources_.reroute_if_due(present());
    if (draining_ && nothing_to_send()) {
      co_await wake_.wait_until(deadline_);
    } else if (holding()) {
      show(SenderState::BackingOff);
      const Moment due = std::min(deadline_, sources_.next_reroute());
      co_await wake_.wait_until(std::min(hold_until_, due));
    } else if (!next_) {
      begin_opening();
    } else if (!next_->result) {
      show(SenderState::Connecting);
      co_await wake_.wait_until(std::min(deadline_, sources_.next_reroute()));
    } else {
      const std::shared_ptr<Opening> opened = std::exchange(next_, nullptr);
      adopt(std::move(*opened->result));
    }
  }
}

/// Sends until the connection has carried its share or has failed. Everything that may be next
/// notifies `wake_`; each round looks at all of it.
asio::awaitable<void> Sender::carry(Carrier& carrier) {
  Connection& connection = *carrier.connection;
  for (;;) {
    look(carrier);
    show_state();
    sources_.reroute_if_due(present());
    if (connection.failed() || is_done(carrier)) co_return;
    if (!next_ && near_limit(carrier) && !holding()) begin_opening();
    if (may_load(carrier)) load(carrier);
    if (connection.unwritten() > 0 && connection.writable()) {
      connection.write();
      // Confirmations, and the peer's end of file, get their turn between two writes.
      const bool more = connection.unwritten() > 0 || has_unsent();
      if (more) co_await asio::post(io_, asio::use_awaitable);
    } else if (!connection.failed()) {
      co_await wake_.wait_until(next_event(carrier));
    }
  }
}

void Sender::retire(const CarrierPtr& carrier) {
  renewing_ = true;
  if (!carrier->loaded || by_kernel()) {
    static_cast<void>(carrier->connection->half_close());
    carrier->connection->close();
    return;
  }
  carrier->bad_ends_before = bad_ends_;
  leaving_.push_back(carrier);
  spawn(see_off(carrier));
}

asio::awaitable<void> Sender::see_off(CarrierPtr carrier) {
  const Milliseconds timeout = budget_.confirm_timeout();
  const Ending ending = co_await confirm(*carrier->connection, timeout);
  std::erase(leaving_, carrier);
  if (ending == Ending::Clean) {
    confirmed(*carrier);
  } else {
    not_confirmed(*carrier, ending, timeout);
  }
  wake_.notify();
}

void Sender::begin_opening() {
  next_ = std::make_shared<Opening>();
  spawn(open(next_));
}

asio::awaitable<void> Sender::open(std::shared_ptr<Opening> opening) {
  opening->result = co_await dial(options_.address, options_.connect_timeout);
  wake_.notify();
}

void Sender::adopt(Dialled dialled) {
  if (!dialled.socket) {
    renewing_ = false;
    set_back();
    suspects_.server_is_down();
    bad_end();
    report_.down(dialled.error);
    // A server that a supervisor restarts is back sooner. One that is gone must not keep from
    // others what it seemed to fail on.
    const bool gone = sources_.others_see_to_it(present(), 2 * options_.backoff_max);
    if (gone && !suspects_.on_trial()) sources_.put_back(suspects_.release_all());
    return;
  }
  current_ = std::make_shared<Carrier>(Connection::adopt(std::move(*dialled.socket), wake_),
                                       options_.stall_timeout, present());
  if (report_.connected(std::exchange(renewing_, false))) sources_.begin_live();
}

/// The end: what is under way was not confirmed, and is sent again after the next start.
void Sender::give_up() {
  if (current_) leaving_.push_back(current_);
  for (const CarrierPtr& carrier : leaving_) {
    carrier->connection->abort();
    sources_.put_back(carrier->cargo.unload_all());
  }
  sources_.put_back(suspects_.release_all());
}

void Sender::begin_drain(Moment deadline, Drain what) {
  if (!draining_) hold_until_ = present();
  draining_ = true;
  sends_no_more_ = sends_no_more_ || what == Drain::UnderWay;
  deadline_ = std::min(deadline_, deadline);
  wake_.notify();
}

bool Sender::expired() const {
  return draining_ && present() >= deadline_;
}

bool Sender::over() const {
  return expired() || (draining_ && !current_ && leaving_.empty() && nothing_to_send());
}

void Sender::show_state() {
  show(never_confirms()    ? SenderState::Unconfirmed
       : current_->stalled ? SenderState::Stalled
                           : SenderState::Connected);
}

void Sender::show(SenderState state) {
  report_.state(state);
  if (state != SenderState::Connecting) sources_.stands(state != SenderState::Connected);
}

void Sender::spawn(asio::awaitable<void> coroutine) {
  asio::co_spawn(io_, std::move(coroutine), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
}

}  // namespace carbon_spool
