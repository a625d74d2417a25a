#pragma once

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
  explicit Wakeup(const asio::any_io_executor& executor) : timer_(executor) {}

  void notify() {
    notified_ = true;
    timer_.cancel();
  }

  /// Returns at `when`, or as soon as it was notified.
  [[nodiscard]] asio::awaitable<void> wait_until(Moment when);

 private:
  asio::steady_timer timer_;
  bool notified_ = false;
};

}  // namespace carbon_spool
