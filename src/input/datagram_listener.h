#pragma once

#include <cstdint>
#include <memory>

#include "input_socket.h"
#include "point_intake.h"

namespace carbon_spool {

/// Takes datagrams of whole lines; the last line of each needs no LF.
class DatagramListener : public InputSocket {
 public:
  DatagramListener(InputState& input, ListeningPtr listening, IngestThread& thread, UniqueFd fd);

  /// Begins to receive. On its thread.
  static void begin(std::unique_ptr<DatagramListener> self);

  void stop() override;

 private:
  friend class InputSocket;

  void on_readable(std::unique_ptr<DatagramListener> self);
  [[nodiscard]] bool take(std::size_t received);
  void count_kernel_drops(std::uint32_t drops);

  std::uint32_t kernel_drops_ = 0;  ///< as last seen
};

}  // namespace carbon_spool
