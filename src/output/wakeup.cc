#include "wakeup.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace carbon_spool {

asio::awaitable<void> Wakeup::wait_until(Moment when) {
  if (!notified_) {
    boost::system::error_code cancelled;
    timer_.expires_at(when);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  notified_ = false;
}

}  // namespace carbon_spool
