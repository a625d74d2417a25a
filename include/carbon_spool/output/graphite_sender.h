#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/output/supply.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// How a destination confirms what it got (docs/delivery.md).
enum class Acknowledge {
  Close,   ///< by the end of file after our half-close
  Kernel,  ///< by its kernel taking the bytes; the last `resend_window` is sent again after a
           ///< disconnect
};

/// What goes first when a destination has come back, or was too slow for a while.
enum class Replay {
  LiveFirst,    ///< new points at once, the backlog beside them, oldest first
  OldestFirst,  ///< strictly in order
};

struct SenderOptions {
  std::string name;
  Address address;
  Acknowledge acknowledge = Acknowledge::Close;
  Replay replay = Replay::LiveFirst;
  std::uint64_t replay_rate = 0;              ///< points per second of the backlog; 0: unlimited
  Milliseconds confirm_every{60'000};         ///< the longest a connection carries points
  std::uint64_t confirm_bytes = 32ull << 20;  ///< the most it carries, to a batch
  Milliseconds confirm_timeout{60'000};       ///< from the last progress
  Milliseconds connect_timeout{5'000};
  Milliseconds backoff_max{30'000};
  Milliseconds stall_timeout{600'000};

  friend bool operator==(const SenderOptions&, const SenderOptions&) = default;
};

/// What a drain is to send.
enum class Drain {
  All,       ///< everything that waits
  UnderWay,  ///< nothing more: only what was sent is to be confirmed
};

enum class SenderState { Connected, Connecting, BackingOff, Stalled, Unconfirmed };

struct SenderStats {
  SenderState state = SenderState::Connecting;
  std::int64_t since = 0;                ///< Unix seconds of the last change of state
  std::uint64_t reconnects = 0;          ///< connections opened after the first, renewals left out
  double points_per_second = 0;          ///< sent, smoothed over about ten seconds
  double backlog_points_per_second = 0;  ///< the part of it that was backlog
  std::string last_error;                ///< empty: none since the start
};

/// Drains one reader, or whatever else its supply is, to one Graphite server, on a thread of its
/// own
/// (`send-<name>`).
///
/// Promise:  a batch is acknowledged to the reader that it came from only when the connection that
/// carried it was
///           confirmed; everything else is put back and sent again (docs/delivery.md).
/// Threads:  the owner makes, stops and destroys it; `stats` from any thread.
class GraphiteSender {
 public:
  /// Starts the thread. `reader` must outlive it. `points_waiting` says how many points wait for
  /// it, for the log line that it is back; called on the sender's thread, may be empty.
  [[nodiscard]] static std::unique_ptr<GraphiteSender> start(
      const SenderOptions& options, Reader& reader,
      std::function<std::uint64_t()> points_waiting = {});
  /// … with more than one place to take from.
  [[nodiscard]] static std::unique_ptr<GraphiteSender> start(
      const SenderOptions& options, Supply supply, std::function<std::uint64_t()> points_waiting);

  virtual ~GraphiteSender() = default;

  /// Begins to drain: sends what is to be sent, then half-closes and waits for the confirmation;
  /// ends at the latest after `timeout`, and puts back what was not confirmed. Does not wait for
  /// it: see `finished`.
  virtual void drain(Milliseconds timeout, Drain what) = 0;
  void drain(Milliseconds timeout) { drain(timeout, Drain::All); }

  /// Waits until the drain is over.
  virtual void finished() = 0;

  [[nodiscard]] virtual SenderStats stats() const = 0;
};

/// What `check --connect` finds out about a destination: resolve, connect, half-close with nothing
/// sent, wait for the end of file.
struct Probe {
  bool connected = false;
  bool confirmed = false;  ///< it closed its side after we had closed ours
  std::string peer;        ///< the address that answered
  std::string error;       ///< why not, in words
};
[[nodiscard]] Probe probe_destination(const Address& address, Milliseconds connect_timeout,
                                      Milliseconds confirm_timeout);

}  // namespace carbon_spool
