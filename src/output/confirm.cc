#include "confirm.h"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

namespace carbon_spool {
namespace {

/// How often the kernel is asked what the peer has taken.
constexpr Milliseconds kLookEvery{200};
/// The last acknowledgement is right behind the end of file, if it is not there already.
constexpr Milliseconds kLookEveryAtTheEnd{10};
/// Being cut is the confirmation's own time-out's business here.
constexpr Milliseconds kNeverCut = std::chrono::hours(24 * 365);

}  // namespace

asio::awaitable<Ending> confirm(Connection& connection, Milliseconds timeout) {
  Wakeup woken(co_await asio::this_coro::executor);
  connection.notify(&woken);
  Liveness liveness(kNeverCut, present());
  bool half_closed = false;
  Ending ending = Ending::Broken;
  while (!connection.failed()) {
    if (!half_closed) half_closed = connection.half_close();
    const PeerSample sample = connection.sample();
    if (connection.peer_closed()) {
      if (!connection.no_error_pending()) break;
      if (sample.queued == 0) {
        ending = Ending::Clean;
        break;
      }
    }
    if (liveness.look(sample) == Liveness::Verdict::Gone) {
      connection.fail("no answer to what was sent");
      break;
    }
    const Moment deadline = liveness.last_progress() + timeout;
    if (sample.at >= deadline) {
      ending = half_closed && sample.queued == 0 ? Ending::Silent : Ending::TimedOut;
      break;
    }
    const Milliseconds pause = connection.peer_closed() ? kLookEveryAtTheEnd : kLookEvery;
    co_await woken.wait_until(std::min(sample.at + pause, deadline));
  }
  connection.notify(nullptr);
  co_return ending;
}

}  // namespace carbon_spool
