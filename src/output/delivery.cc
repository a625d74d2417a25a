#include "carbon_spool/output/delivery.h"

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "confirm.h"
#include "dial.h"

namespace carbon_spool {
namespace {

/// Runs one coroutine to its end.
template <class Value>
Value run(asio::io_context& io, asio::awaitable<Value> work) {
  std::optional<Value> result;
  asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& failed, Value value) {
    if (failed) std::rethrow_exception(failed);
    result.emplace(std::move(value));
  });
  io.restart();
  // Not to the end of all work: a connection that watches its peer has always more.
  while (!result) io.run_one();
  return std::move(*result);
}

class OneDelivery final : public Delivery {
 public:
  explicit OneDelivery(Milliseconds timeout) : timeout_(timeout) {}
  ~OneDelivery() override {
    if (connection_) connection_->abort();
    io_.restart();
    io_.poll();  // what waited lets go of the connection
  }

  [[nodiscard]] Result<void> dial_to(const Address& address);
  [[nodiscard]] Result<void> write(std::string_view bytes) override;
  [[nodiscard]] Result<void> confirm() override;

 private:
  /// False: the connection has failed, or took nothing for too long.
  [[nodiscard]] asio::awaitable<bool> write_all(std::string_view bytes);
  [[nodiscard]] Error failure(const std::string& what) const { return Error{peer_ + ": " + what}; }

  const Milliseconds timeout_;
  asio::io_context io_{1};
  Wakeup changed_{io_.get_executor()};
  ConnectionPtr connection_;
  std::string peer_;
};

Result<void> OneDelivery::dial_to(const Address& address) {
  Dialled dialled = run(io_, dial(address, timeout_));
  if (!dialled.socket) return Error{dialled.error};
  peer_ = dialled.peer;
  connection_ = Connection::adopt(std::move(*dialled.socket), changed_);
  return success();
}

asio::awaitable<bool> OneDelivery::write_all(std::string_view bytes) {
  connection_->load(nullptr, bytes);
  Moment deadline = present() + timeout_;
  while (connection_->unwritten() > 0 && !connection_->failed()) {
    if (connection_->writable()) {
      const std::size_t before = connection_->unwritten();
      connection_->write();
      if (connection_->unwritten() < before) deadline = present() + timeout_;
    } else if (present() >= deadline) {
      connection_->fail("took nothing for " + format_duration(timeout_));
    } else {
      co_await changed_.wait_until(deadline);
    }
  }
  co_return !connection_->failed();
}

Result<void> OneDelivery::write(std::string_view bytes) {
  if (run(io_, write_all(bytes))) return success();
  return failure(connection_->failure());
}

Result<void> OneDelivery::confirm() {
  switch (run(io_, carbon_spool::confirm(*connection_, timeout_))) {
    case Ending::Clean:
      return success();
    case Ending::Broken:
      return failure(connection_->failure());
    case Ending::TimedOut:
      return failure("took nothing for " + format_duration(timeout_));
    case Ending::Silent:
      break;
  }
  return failure("did not close its side within " + format_duration(timeout_) +
                 " after we had closed ours");
}

}  // namespace

Result<std::unique_ptr<Delivery>> Delivery::connect(const Address& address, Milliseconds timeout) {
  auto delivery = std::make_unique<OneDelivery>(timeout);
  if (auto dialled = delivery->dial_to(address); !dialled) return dialled.error();
  return std::unique_ptr<Delivery>(std::move(delivery));
}

}  // namespace carbon_spool
