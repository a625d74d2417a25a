#pragma once

#include <memory>

#include "batch_gatherer.h"
#include "fragment.h"
#include "input_socket.h"
#include "point_intake.h"
#include "stream_decoder.h"

namespace carbon_spool {

/// One connection that points come from. Keeps nothing but what is unfinished.
///
/// Its end is an answer: a sender that half-closed and sees end of file knows that everything it
/// sent is durable. So the socket is closed in order only then; every other end is a reset (the
/// listener has set SO_LINGER to zero, see bound_socket.cc).
class StreamConnection : public InputSocket, private Fragment, public DurabilityWaiter {
 public:
  StreamConnection(InputState& input, ListeningPtr listening, IngestThread& thread, UniqueFd fd);

  /// Begins to read. On its thread.
  static void begin(std::unique_ptr<StreamConnection> self);

  void stop() override;
  void on_durable(bool accepted) override;

 private:
  friend class InputSocket;
  enum class Outcome { More, EndOfFile, Failed };

  void on_readable(std::unique_ptr<StreamConnection> self);
  [[nodiscard]] Outcome read(PointIntake& intake);
  void report(PointIntake& intake);
  void reset();
  void close_in_order();
  void cut() override;

  const std::unique_ptr<StreamDecoder> decoder_;
  bool any_accepted_ = false;
  bool at_end_ = false;  ///< everything was read; only durability is waited for
};

}  // namespace carbon_spool
