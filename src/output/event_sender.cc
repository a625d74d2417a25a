#include "carbon_spool/output/event_sender.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <random>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <pthread.h>

#include "backoff.h"
#include "dial.h"
#include "event_delivery.h"
#include "http_connection.h"
#include "sender_report.h"
#include "wakeup.h"

namespace carbon_spool {
namespace {

/// How often a server that nothing is sent to is looked after.
constexpr Milliseconds kIdleLook{30'000};
/// Before the queue's disk is asked again for what it could not read.
constexpr Milliseconds kUnreadablePause{1'000};

class WebSender final : public EventSender {
 public:
  WebSender(const EventSenderOptions& options, Reader& reader,
            std::function<std::uint64_t()> events_waiting);
  ~WebSender() override {
    drain(Milliseconds(0), Drain::UnderWay);
    finished();
  }

  void drain(Milliseconds timeout, Drain what) override {
    asio::post(io_, [this, what, deadline = present() + timeout] { begin_drain(deadline, what); });
  }
  void finished() override {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] SenderStats stats() const override { return report_.stats(); }

 private:
  enum class Outcome { Stored, Refused, Unfinished };

  asio::awaitable<void> run();
  asio::awaitable<void> rest();
  /// Sees to one event until it is settled, or until it is over.
  [[nodiscard]] asio::awaitable<Outcome> deliver(std::string_view line, bool may_be_there);
  /// False: not now.
  [[nodiscard]] asio::awaitable<bool> connect();
  /// Whether the event is there; none: that was not to be found out now.
  [[nodiscard]] asio::awaitable<std::optional<bool>> look_for(const EventIdentity& event);
  [[nodiscard]] asio::awaitable<HttpAnswer> ask(HttpQuestion question, std::size_t most_body);
  asio::awaitable<void> hold();

  void failed(const std::string& why, std::optional<Milliseconds> retry_after = {});
  void worked();
  void begin_drain(Moment deadline, Drain what);
  void end();
  [[nodiscard]] bool expired() const { return present() >= deadline_; }
  [[nodiscard]] bool holding() const { return present() < hold_until_; }

  const EventSenderOptions options_;
  const std::string label_;
  Reader& reader_;
  SenderReport report_;
  BoundedLog log_;
  std::atomic<bool> unsent_noted_{false};

  asio::io_context io_{1};
  Wakeup wake_;
  Backoff backoff_;
  std::unique_ptr<HttpConnection> connection_;
  StoredLately stored_;
  Moment hold_until_{};
  Moment settled_at_;                  ///< what may have been sent before is not looked for sooner
  std::optional<RangeSet> under_way_;  ///< taken, and not settled
  Moment deadline_ = Moment::max();
  asio::steady_timer end_timer_{io_};  ///< at `deadline_`
  bool draining_ = false;
  bool sends_no_more_ = false;
  bool is_down_ = false;
  bool was_up_ = false;

  std::jthread thread_;  ///< last: it uses all of the above
};

SenderOptions report_options(const EventSenderOptions& options) {
  SenderOptions named;
  named.name = options.name;
  return named;
}

WebSender::WebSender(const EventSenderOptions& options, Reader& reader,
                     std::function<std::uint64_t()> events_waiting)
    : options_(options),
      label_("destination " + quote_for_log(options.name)),
      reader_(reader),
      report_(report_options(options), std::move(events_waiting), "events"),
      wake_(io_.get_executor()),
      backoff_(options.backoff_max, std::random_device()()),
      settled_at_(present() + options.settle) {
  asio::co_spawn(io_, run(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  thread_ = std::jthread([this] { io_.run(); });
  const std::string name = ("send-" + options.name).substr(0, 15);
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

asio::awaitable<void> WebSender::run() {
  reader_.on_unsent([this] {
    if (unsent_noted_.exchange(true)) return;
    asio::post(io_, [this] {
      unsent_noted_ = false;
      wake_.notify();
    });
  });
  while (!expired() && !sends_no_more_) {
    // What waits from before this sender began: it cannot be known whether it was sent.
    const bool of_before = reader_.has_unsent(Part::Backlog);
    const auto taken = reader_.take(of_before ? Part::Backlog : Part::Live);
    if (!taken) {
      if (draining_ && !reader_.has_unsent()) break;
      co_await rest();
      continue;
    }
    under_way_.emplace().insert(taken->batch->range());
    const std::string line(taken->batch->lines());
    switch (co_await deliver(line, of_before || taken->sent_before)) {
      case Outcome::Stored:
        report_.sent(1, of_before ? Part::Backlog : Part::Live);
        reader_.acknowledge(*under_way_);
        under_way_.reset();
        break;
      case Outcome::Refused:
        under_way_.reset();
        reader_.acknowledge_without(taken->batch->range(), {line}, Share());
        break;
      case Outcome::Unfinished:
        break;
    }
    if (under_way_) break;
  }
  end();
}

/// Whatever is being done: what is not settled is sent, or looked for, after the next start.
void WebSender::end() {
  if (under_way_) reader_.put_back(*std::exchange(under_way_, std::nullopt));
  reader_.on_unsent({});
  if (connection_) connection_->close();
  io_.stop();
}

/// Nothing is to be sent: whether the server is there is worth to know all the same.
asio::awaitable<void> WebSender::rest() {
  if (reader_.has_unsent()) {
    co_await wake_.wait_until(std::min(deadline_, present() + kUnreadablePause));
  } else if (!draining_ && !(connection_ && connection_->is_usable())) {
    const bool reached = co_await connect();
    if (!reached) co_await wake_.wait_until(std::min(deadline_, hold_until_));
    if (!reached) co_return;
    worked();
    // A server that serves one connection at a time must not wait for a question that never comes.
    connection_.reset();
    if (reader_.has_unsent()) co_return;
    co_await wake_.wait_until(std::min(deadline_, present() + kIdleLook));
  } else {
    co_await wake_.wait_until(std::min(deadline_, present() + kIdleLook));
  }
}

asio::awaitable<WebSender::Outcome> WebSender::deliver(std::string_view line, bool may_be_there) {
  const EventIdentity event = identity_of(line);
  while (!expired()) {
    if (holding() || (may_be_there && present() < settled_at_)) {
      co_await hold();
      if (sends_no_more_) break;
      continue;
    }
    if (!co_await connect()) continue;
    if (may_be_there) {
      const std::optional<bool> there = co_await look_for(event);
      if (!there) continue;
      if (*there) {
        stored_.add(event);
        co_return Outcome::Stored;
      }
      may_be_there = false;
      // The look may have been the last question of its connection.
      if (!connection_->is_usable()) continue;
    }
    if (expired()) break;
    const HttpAnswer answer =
        co_await ask(question_that_stores(options_.address, line), kMostOfAnswer);
    const Verdict verdict = answer.status == 0 ? Verdict::Later : verdict_of(answer.status);
    if (verdict == Verdict::Stored) {
      worked();
      stored_.add(event);
      co_return Outcome::Stored;
    }
    if (verdict == Verdict::Refused) {
      worked();
      const std::string why = describe_answer(answer);
      report_.error(why);
      log_.log(LogLevel::Error, label_ + " refuses this event, which is set aside: " + why + ": " +
                                    quote_for_log(line.substr(0, line.size() - 1)));
      co_return Outcome::Refused;
    }
    may_be_there = true;
    settled_at_ = present() + options_.settle;
    failed(answer.status == 0 ? answer.error : describe_answer(answer), answer.retry_after);
  }
  co_return Outcome::Unfinished;
}

asio::awaitable<void> WebSender::hold() {
  if (holding()) report_.state(SenderState::BackingOff);
  co_await wake_.wait_until(std::min(deadline_, std::max(hold_until_, settled_at_)));
}

asio::awaitable<bool> WebSender::connect() {
  if (connection_ && connection_->is_usable()) co_return true;
  connection_.reset();
  if (is_down_ || !was_up_) report_.state(SenderState::Connecting);
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - present());
  Dialled dialled = co_await dial(options_.address.server,
                                  std::clamp(left, Milliseconds(1), options_.connect_timeout));
  if (!dialled.socket) {
    failed(dialled.error);
    co_return false;
  }
  connection_ = std::make_unique<HttpConnection>(std::move(*dialled.socket));
  co_return true;
}

asio::awaitable<std::optional<bool>> WebSender::look_for(const EventIdentity& event) {
  const HttpAnswer answer = co_await ask(question_that_looks(options_.address, event), kMostOfLook);
  if (answer.status == 0) {
    failed(answer.error);
    co_return std::nullopt;
  }
  if (answer.status == 200 && answer.body_whole) {
    const auto there = count_stored(event, answer.body);
    if (there) co_return there.value() > stored_.count(event);
  } else if (verdict_of(answer.status) == Verdict::Later && answer.status / 100 != 3) {
    failed(describe_answer(answer), answer.retry_after);
    co_return std::nullopt;
  }
  log_.log(LogLevel::Warning, label_ + " does not tell which events it has (GET events/get_data: " +
                                  describe_answer(answer).substr(0, 60) +
                                  "): one that may be there already is sent again");
  co_return false;
}

asio::awaitable<HttpAnswer> WebSender::ask(HttpQuestion question, std::size_t most_body) {
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - present());
  co_return co_await connection_->ask(
      std::move(question), std::clamp(left, Milliseconds(1), options_.confirm_timeout), most_body);
}

void WebSender::failed(const std::string& why, std::optional<Milliseconds> retry_after) {
  if (connection_) connection_->close();
  Milliseconds pause = backoff_.next();
  if (retry_after) pause = std::max(pause, std::min(*retry_after, kLongestRetryAfter));
  hold_until_ = present() + pause;
  is_down_ = true;
  report_.down(why);
  report_.state(SenderState::BackingOff);
}

void WebSender::worked() {
  backoff_.connection_was_good();
  report_.state(SenderState::Connected);
  if (std::exchange(is_down_, false) || !was_up_) static_cast<void>(report_.connected(false));
  was_up_ = true;
}

/// The answer to what is under way is waited for; what is only waiting to be tried again is not.
void WebSender::begin_drain(Moment deadline, Drain what) {
  if (!draining_) hold_until_ = present();
  draining_ = true;
  sends_no_more_ = sends_no_more_ || what == Drain::UnderWay;
  deadline_ = std::min(deadline_, deadline);
  end_timer_.expires_at(deadline_);
  end_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) end();
  });
  wake_.notify();
}

}  // namespace

std::unique_ptr<EventSender> EventSender::start(const EventSenderOptions& options, Reader& reader,
                                                std::function<std::uint64_t()> events_waiting) {
  return std::make_unique<WebSender>(options, reader, std::move(events_waiting));
}

Probe probe_web(const WebAddress& address, Milliseconds connect_timeout,
                Milliseconds answer_timeout) {
  asio::io_context io(1);
  Probe result;
  const auto probe = [&]() -> asio::awaitable<void> {
    Dialled dialled = co_await dial(address.server, connect_timeout);
    result.connected = dialled.socket.has_value();
    result.peer = dialled.peer;
    result.error = dialled.error;
    if (!result.connected) co_return;
    HttpConnection connection(std::move(*dialled.socket));
    EventIdentity nothing;
    nothing.second = 1;
    const HttpAnswer answer =
        co_await connection.ask(question_that_looks(address, nothing), answer_timeout, kMostOfLook);
    result.error = answer.status == 0 ? answer.error : describe_answer(answer);
    result.confirmed = answer.status == 200 && count_stored(nothing, answer.body).has_value();
    if (result.confirmed) result.error.clear();
  };
  asio::co_spawn(io, probe(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  return result;
}

}  // namespace carbon_spool
