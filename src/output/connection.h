#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>

#include "liveness.h"
#include "wakeup.h"

namespace carbon_spool {

using StreamSocket = asio::generic::stream_protocol::socket;

/// One connected stream, TCP or Unix, that bytes are written to and that ends well or not.
///
/// It watches its peer all the time: an end of file, a reset or an error before our half-close is a
/// failure; what the peer says is thrown away. Whoever deals with it sleeps on a Wakeup, which it
/// notifies at each change.
/// Threads: the one that runs its executor.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes a connected socket and begins to watch it.
  [[nodiscard]] static std::shared_ptr<Connection> adopt(StreamSocket socket, Wakeup& changed);

  /// Notifies another one from now on; null: none.
  void notify(Wakeup* changed) { changed_ = changed; }

  /// Adds to what is to be written. `owner` keeps `text` alive.
  void load(std::shared_ptr<const void> owner, std::string_view text);
  [[nodiscard]] std::size_t unwritten() const { return unwritten_; }
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] bool writable() const { return writable_; }

  /// Gives our kernel as much as it takes now. When it takes no more, `writable` is false until it
  /// does.
  void write();

  /// Notices at once if the peer has closed or reset the connection. For one that was idle.
  void check_peer();

  /// Closes our side if the peer is open and has nothing more to say; false if not yet, or if the
  /// connection has failed.
  [[nodiscard]] bool half_close();
  [[nodiscard]] bool peer_closed() const { return peer_closed_; }

  /// An error that the kernel has in store becomes this connection's failure. The kernel tells it
  /// once.
  [[nodiscard]] bool no_error_pending();

  [[nodiscard]] PeerSample sample();

  [[nodiscard]] bool failed() const { return !failure_.empty(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  void fail(std::string_view why);

  /// Closes without a word that could be taken for a good end: what the kernel has not sent is
  /// gone.
  void abort();
  void close();

 private:
  struct Piece {
    std::shared_ptr<const void> owner;
    std::string_view text;  ///< not yet written
  };
  enum class Input { Silent, More, Over };

  Connection(StreamSocket socket, Wakeup& changed);

  void watch();
  void watch_later();
  void await_room();
  Input read_some();
  void changed();

  StreamSocket socket_;
  asio::steady_timer pause_;
  Wakeup* changed_;
  const bool is_tcp_;
  std::deque<Piece> pieces_;
  std::size_t unwritten_ = 0;
  std::uint64_t written_ = 0;
  bool writable_ = true;
  bool half_closed_ = false;
  bool peer_closed_ = false;
  std::string failure_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace carbon_spool
