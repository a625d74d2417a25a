#pragma once

#include <memory>
#include <utility>

#include "cargo.h"
#include "connection.h"
#include "liveness.h"

namespace carbon_spool {

/// A connection with what it carries and what is known about its peer.
struct Carrier {
  Carrier(ConnectionPtr connected, Milliseconds stall_timeout, Moment now)
      : connection(std::move(connected)), opened_at(now), liveness(stall_timeout, now) {}

  const ConnectionPtr connection;
  const Moment opened_at;
  Cargo cargo;
  bool loaded = false;  ///< it ever carried anything
  bool trial = false;   ///< it carries a suspect, and no cargo
  Moment loaded_at{};   ///< first of all
  Liveness liveness;
  bool stalled = false;
  unsigned bad_ends_before = 0;  ///< of other connections, when this one was half-closed
  bool settled = true;           ///< all that was loaded was taken by the peer's kernel
  Moment next_look{};
};

using CarrierPtr = std::shared_ptr<Carrier>;

}  // namespace carbon_spool
