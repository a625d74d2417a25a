#include "wakeup.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace carbon_spool {

asio::awaitable<void> Wakeup::wait_until(Moment when) {
  if (!notified_) {
    if (when < alarm_at_) set_alarm(when);
    boost::system::error_code cancelled;
    co_await signal_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  notified_ = false;
}

void Wakeup::set_alarm(Moment when) {
  alarm_at_ = when;
  alarm_.expires_at(when);
  alarm_.async_wait([weak = std::weak_ptr(self_)](const boost::system::error_code& cancelled) {
    const std::shared_ptr<Wakeup*> self = weak.lock();
    if (cancelled || !self) return;
    (*self)->alarm_at_ = Moment::max();
    (*self)->notify();
  });
}

}  // namespace carbon_spool
