#pragma once

#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "carbon_spool/input/ingest_threads.h"

#include "input_socket.h"

namespace carbon_spool {

/// Accepts connections on one address and deals them out to all ingest threads.
class StreamListener : public InputSocket {
 public:
  /// Accepts on the first of `threads`.
  StreamListener(InputState& input, ListeningPtr listening, IngestThreads& threads, UniqueFd fd);

  /// Begins to accept. On its thread.
  static void begin(std::unique_ptr<StreamListener> self);

  void stop() override;

 private:
  friend class InputSocket;

  void on_readable(std::unique_ptr<StreamListener> self);
  /// 0, or the error for which there was none.
  [[nodiscard]] int accept_one();
  [[nodiscard]] int refuse_with_spare();
  void admit(UniqueFd connection);
  static void pause(std::unique_ptr<StreamListener> self);

  IngestThreads& threads_;
  std::uint32_t next_thread_ = 0;
  boost::asio::steady_timer timer_;
  /// Given up for a moment when descriptors have run out, so that a client is told rather than left
  /// waiting.
  UniqueFd spare_;
};

}  // namespace carbon_spool
