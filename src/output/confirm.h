#pragma once

#include "connection.h"

namespace carbon_spool {

/// How a connection ended.
enum class Ending {
  Clean,     ///< the peer has read everything
  Broken,    ///< reset, closed too early, or gone; `failure` of the connection says which
  TimedOut,  ///< its kernel took nothing more
  Silent,    ///< its kernel took everything, and then nothing came
};

/// Half-closes a connection and waits for its peer's end of file, the acknowledgement of everything
/// that was written. Gives up after `timeout` without progress: no byte taken by the peer's kernel.
///
/// Clean means three things. Just before our half-close the peer was open: an end of file before
/// ours confirms nothing. After its end of file the kernel has no byte of ours, our FIN included,
/// that the peer's has not taken. And then the socket has no error in store: reading tells an end
/// of file even when a reset is right behind it.
[[nodiscard]] asio::awaitable<Ending> confirm(Connection& connection, Milliseconds timeout);

}  // namespace carbon_spool
