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
/// Between two attempts at an event that the server fails on.
constexpr int kMostOthers = 100;
/// Of those others, that it failed on as well.
constexpr std::uint64_t kMostPassedOver = 16;

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
  enum class Outcome { Stored, SetAside };

  /// Taken, and not settled.
  struct Event {
    Range range;
    Part part;
    std::string line;
    bool may_be_there;
  };

  asio::awaitable<void> run();
  asio::awaitable<void> rest();
  [[nodiscard]] std::optional<Event> take();
  void settle(const Event& event, Outcome outcome);
  /// Sees to one event until it is to be settled; none: until it is over.
  [[nodiscard]] asio::awaitable<std::optional<Outcome>> deliver(const Event& event);
  /// Tries those that wait, each once, while one is under way. True if any was stored.
  [[nodiscard]] asio::awaitable<bool> store_others();
  [[nodiscard]] asio::awaitable<bool> store_another();
  void put_back_passed_over();
  [[nodiscard]] asio::awaitable<Verdict> attempt(const Event& event, const EventIdentity& identity);
  /// False: not now.
  [[nodiscard]] asio::awaitable<bool> connect();
  /// Whether the event is there; none: that was not to be found out now.
  [[nodiscard]] asio::awaitable<std::optional<bool>> look_for(const EventIdentity& event);
  [[nodiscard]] asio::awaitable<HttpAnswer> ask(HttpQuestion question, std::size_t most_body);
  asio::awaitable<void> hold();

  void log_set_aside(const Event& event, const std::string& why);
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
  Moment settled_at_;     ///< what may have been sent before is not looked for sooner
  RangeSet under_way_;    ///< taken, and not settled
  RangeSet passed_over_;  ///< of these: tried while another one is seen to, to no end
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
    const std::optional<Event> event = take();
    if (!event) {
      if (draining_ && !reader_.has_unsent()) break;
      co_await rest();
      continue;
    }
    const std::optional<Outcome> outcome = co_await deliver(*event);
    if (!outcome) break;
    settle(*event, *outcome);
    put_back_passed_over();
  }
  end();
}

std::optional<WebSender::Event> WebSender::take() {
  // What waits from before this sender began: it cannot be known whether it was sent.
  const bool of_before = reader_.has_unsent(Part::Backlog);
  const Part part = of_before ? Part::Backlog : Part::Live;
  const auto taken = reader_.take(part);
  if (!taken) return std::nullopt;
  under_way_.insert(taken->batch->range());
  return Event{taken->batch->range(), part, std::string(taken->batch->lines()),
               of_before || taken->sent_before};
}

void WebSender::settle(const Event& event, Outcome outcome) {
  const RangeSet settled = under_way_.erase(event.range);
  if (outcome == Outcome::SetAside) {
    reader_.acknowledge_without(event.range, {event.line}, Share());
  } else {
    report_.sent(1, event.part);
    reader_.acknowledge(settled);
  }
}

void WebSender::put_back_passed_over() {
  if (passed_over_.empty()) return;
  under_way_.erase(passed_over_);
  reader_.put_back(std::exchange(passed_over_, {}));
}

/// Whatever is being done: what is not settled is sent, or looked for, after the next start.
void WebSender::end() {
  if (!under_way_.empty()) reader_.put_back(std::exchange(under_way_, {}));
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

asio::awaitable<std::optional<WebSender::Outcome>> WebSender::deliver(const Event& event) {
  const EventIdentity identity = identity_of(event.line);
  EventAtFault fault(options_.patience);
  bool may_be_there = event.may_be_there;
  bool was_sent = false;
  while (!expired()) {
    if (holding() || (may_be_there && present() < settled_at_)) {
      co_await hold();
      if (sends_no_more_) break;
      continue;
    }
    if (!co_await connect()) continue;
    if (may_be_there) {
      const std::optional<bool> there = co_await look_for(identity);
      if (!there) continue;
      if (*there) {
        stored_.add(identity);
        co_return Outcome::Stored;
      }
      may_be_there = false;
      if (was_sent) {
        fault.not_there(present());
        if (fault.is_certain(present())) {
          log_set_aside(event, "the server fails on it, and stores others");
          co_return Outcome::SetAside;
        }
        if (fault.makes_way() && co_await store_others()) fault.stored_another();
      }
      // The last question may have been the last of its connection.
      if (holding() || !connection_->is_usable()) continue;
    }
    if (expired()) break;
    const Verdict verdict = co_await attempt(event, identity);
    if (verdict == Verdict::Stored) co_return Outcome::Stored;
    if (verdict == Verdict::Refused) co_return Outcome::SetAside;
    may_be_there = was_sent = true;
  }
  co_return std::nullopt;
}

asio::awaitable<bool> WebSender::store_others() {
  for (int stored = 0; stored < kMostOthers; ++stored) {
    const bool another = co_await store_another();
    if (!another) co_return stored > 0;
  }
  co_return true;
}

asio::awaitable<bool> WebSender::store_another() {
  if (sends_no_more_ || expired() || !connection_->is_usable()) co_return false;
  if (passed_over_.batches() >= kMostPassedOver) put_back_passed_over();
  const std::optional<Event> other = take();
  if (!other) co_return false;
  const EventIdentity identity = identity_of(other->line);
  std::optional<bool> there = false;
  if (other->may_be_there) there = co_await look_for(identity);
  Verdict verdict = Verdict::Later;
  if (there && *there) {
    stored_.add(identity);
    settle(*other, Outcome::Stored);
    co_return false;
  }
  if (there && connection_->is_usable()) verdict = co_await attempt(*other, identity);
  if (verdict == Verdict::Later) {
    passed_over_.insert(other->range);
    co_return false;
  }
  settle(*other, verdict == Verdict::Stored ? Outcome::Stored : Outcome::SetAside);
  co_return verdict == Verdict::Stored;
}

asio::awaitable<Verdict> WebSender::attempt(const Event& event, const EventIdentity& identity) {
  const HttpAnswer answer =
      co_await ask(question_that_stores(options_.address, event.line), kMostOfAnswer);
  const Verdict verdict = answer.status == 0 ? Verdict::Later : verdict_of(answer.status);
  switch (verdict) {
    case Verdict::Stored:
      worked();
      stored_.add(identity);
      break;
    case Verdict::Refused:
      worked();
      log_set_aside(event, "the server refuses it: " + describe_answer(answer));
      break;
    case Verdict::Later:
      settled_at_ = present() + options_.settle;
      failed(answer.status == 0 ? answer.error : describe_answer(answer), answer.retry_after);
      break;
  }
  co_return verdict;
}

void WebSender::log_set_aside(const Event& event, const std::string& why) {
  report_.error(why);
  const std::string_view text = std::string_view(event.line).substr(0, event.line.size() - 1);
  log_.log(LogLevel::Error,
           label_ + ": this event is set aside: " + why + ": " + quote_for_log(text));
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

}  // namespace carbon_spool
