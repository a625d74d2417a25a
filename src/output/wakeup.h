#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "moment.h"

namespace carbon_spool {

namespace asio = boost::asio;

/// What a coroutine sleeps on when any of several things may be next: it looks at everything,
/// waits, and looks again. A notification that comes while it is awake is not lost. Threads: the
/// one that runs the executor; one coroutine waits at a time.
class Wakeup {
 public:
  explicit Wakeup(const asio::any_io_executor& executor)
      : signal_(executor, Moment::max()), alarm_(executor) {}
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void notify() {
    notified_ = true;
    signal_.cancel();
  }

  /// Returns at `when`, or as soon as it was notified; now and then for nothing, when an earlier
  /// call was notified before its time.
  [[nodiscard]] asio::awaitable<void> wait_until(Moment when);

 private:
  void set_alarm(Moment when);

  asio::steady_timer signal_;  ///< never expires, is only cancelled
  /// Stays set when the coroutine was notified, since what it waits for next is rarely sooner:
  /// setting a timer is a system call.
  asio::steady_timer alarm_;
  Moment alarm_at_ = Moment::max();  ///< max: not set
  bool notified_ = false;
  /// For an alarm that has gone off and finds us gone.
  std::shared_ptr<Wakeup*> self_ = std::make_shared<Wakeup*>(this);
};

}  // namespace carbon_spool
