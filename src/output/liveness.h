#pragma once

#include <cstdint>
#include <optional>

#include "carbon_spool/base/units.h"

#include "moment.h"

namespace carbon_spool {

/// What our kernel knows about the peer of a connection.
struct PeerSample {
  struct Tcp {
    bool unacknowledged = false;     ///< segments under way
    unsigned retransmits = 0;        ///< of the same segment, in a row
    unsigned unanswered_probes = 0;  ///< sent to a closed window
    Milliseconds since_last_ack{0};
  };

  Moment at;
  std::uint64_t written = 0;  ///< bytes given to our kernel
  std::uint64_t queued = 0;   ///< of them, not yet taken by the peer's
  std::optional<Tcp> tcp;     ///< none for a Unix socket

  /// Bytes the peer's kernel has taken. A Unix socket counts its buffers with their overhead, so
  /// this may be too little there, never too much.
  [[nodiscard]] std::uint64_t taken() const { return written > queued ? written - queued : 0; }
};

/// Tells a peer that is slow from one that takes nothing and from one that is gone.
///
/// A peer that answers with a closed window is alive: carbon does so for minutes while its cache is
/// full. TCP_USER_TIMEOUT cannot tell the two apart, so the answers are looked at instead.
class Liveness {
 public:
  enum class Verdict {
    Fine,
    Stalled,  ///< takes nothing
    Cut,      ///< has taken nothing for `stall_timeout`
    Gone,     ///< does not answer
  };

  Liveness(Milliseconds stall_timeout, Moment now);

  Verdict look(const PeerSample& sample);

  /// When the peer's kernel last took a byte; before the first look, the beginning.
  [[nodiscard]] Moment last_progress() const { return last_progress_; }

 private:
  const Milliseconds stall_timeout_;
  const Milliseconds stalled_after_;
  Moment last_progress_;
  std::uint64_t last_taken_ = 0;
  std::uint64_t last_queued_ = 0;
};

}  // namespace carbon_spool
