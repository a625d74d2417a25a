#pragma once

#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include "carbon_spool/base/unique_fd.h"

#include "input_state.h"

namespace carbon_spool {

class IngestThread;

/// A socket that an ingest thread watches: it waits until there is something, then asks the kernel
/// for it with plain calls, into memory that belongs to the thread.
///
/// Lifetime: owned by what it waits for (a handler of the loop, or the gatherer). Closing its
///           descriptor ends the wait, and with it the socket.
/// Threads:  made by any; everything else, destruction included, on its ingest thread. Only one
/// that
///           was never `begin`-ed may go on another.
class InputSocket : public boost::intrusive::list_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  InputSocket(const InputSocket&) = delete;
  InputSocket& operator=(const InputSocket&) = delete;
  virtual ~InputSocket() = default;

  /// False if the loop could not take the descriptor, or once it was closed.
  [[nodiscard]] bool is_open() const { return descriptor_.is_open(); }
  [[nodiscard]] const Listening& listening() const { return *listening_; }
  [[nodiscard]] const InputState& input() const { return input_; }

  /// Ends it, unless it has only its durability to wait for.
  virtual void stop() = 0;

 protected:
  InputSocket(InputState& input, Attendance& attendance, ListeningPtr listening,
              IngestThread& thread, UniqueFd fd);

  /// Makes the socket known to the thread. Once, before the first `wait_until_readable`.
  void join_thread();

  /// Calls `self->on_readable(self)` when there is something to read; only destroys it when the
  /// descriptor was closed meanwhile.
  template <class Socket>
  static void wait_until_readable(std::unique_ptr<Socket> self) {
    auto& descriptor = self->descriptor_;
    descriptor.async_wait(Descriptor::wait_read,
                          [self = std::move(self)](const boost::system::error_code&) mutable {
                            Socket& socket = *self;
                            if (socket.is_open()) socket.on_readable(std::move(self));
                          });
  }

  [[nodiscard]] int fd() { return descriptor_.native_handle(); }
  void close();

  [[nodiscard]] bool is_stopping() const { return listening_->stopping.load(); }

  InputState& input_;
  const ListeningPtr listening_;
  IngestThread& thread_;

 private:
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  Descriptor descriptor_;
  const Attendance::Presence presence_;
};

using InputSocketList =
    boost::intrusive::list<InputSocket, boost::intrusive::constant_time_size<false>>;

}  // namespace carbon_spool
