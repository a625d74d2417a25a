#include "wakeup.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

using namespace carbon_spool;

namespace {

void run_to_its_end(asio::io_context& io, asio::awaitable<void> story) {
  asio::co_spawn(io, std::move(story), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
  io.run();
}

}  // namespace

TEST_CASE("what sleeps wakes when it is notified, also of what came before", "[wakeup]") {
  asio::io_context io(1);
  Wakeup wakeup(io.get_executor());
  int woken = 0;
  wakeup.notify();
  run_to_its_end(io, [&]() -> asio::awaitable<void> {
    co_await wakeup.wait_until(Moment::max());
    ++woken;
    asio::post(io, [&] { wakeup.notify(); });
    co_await wakeup.wait_until(Moment::max());
    ++woken;
  }());
  CHECK(woken == 2);
}

TEST_CASE("what sleeps wakes in time, though it was notified before an earlier time", "[wakeup]") {
  asio::io_context io(1);
  Wakeup wakeup(io.get_executor());
  int woken = 0;
  run_to_its_end(io, [&]() -> asio::awaitable<void> {
    const Moment later = present() + std::chrono::hours(1);
    asio::post(io, [&] { wakeup.notify(); });
    co_await wakeup.wait_until(later);
    ++woken;
    // Sooner than the alarm that is still set.
    co_await wakeup.wait_until(present());
    ++woken;
    // Later than it: nothing else would end this.
    asio::post(io, [&] { wakeup.notify(); });
    co_await wakeup.wait_until(present() + std::chrono::milliseconds(1));
    co_await wakeup.wait_until(later);
    ++woken;
  }());
  CHECK(woken == 3);
}

TEST_CASE("an alarm may go off after what it wakes is gone", "[wakeup]") {
  asio::io_context io(1);
  bool over = false;
  run_to_its_end(io, [&]() -> asio::awaitable<void> {
    std::optional<Wakeup> wakeup(io.get_executor());
    asio::post(io, [&] { wakeup->notify(); });
    co_await wakeup->wait_until(present());
    wakeup.reset();
    over = true;
  }());
  CHECK(over);
}
