#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "carbon_spool/base/unique_fd.h"

#include "listening_socket.h"

namespace carbon_spool {

/// A small Graphite server: counts the lines that arrive and writes them to a file descriptor.
///
/// Confirmation: a connection is closed in order only after its end of file was read and all that
/// it
///               carried was written; every other end, death of the process included, is a reset.
/// Limits:       a line of 16384 bytes, as carbon has it (not where lines are only counted).
/// Threads:      one.
class Receiver {
 public:
  enum class Print { Lines, Count };

  Receiver(std::vector<ListeningSocket> sockets, Print print, int output_fd);

  /// Works until `stop` is set; `wake_fd` must become readable then. False if the output is broken.
  bool run(const std::atomic<bool>& stop, int wake_fd);

  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  struct Peer {
    explicit Peer(UniqueFd connection) : fd(std::move(connection)) {}
    UniqueFd fd;
    std::string fragment;  ///< a line that has not ended yet; unused where lines are only counted
  };

  void watch(int fd);
  void accept_from(int listener);
  void pause_accepting();
  void resume_accepting();
  void receive_datagrams(int fd);
  void receive_stream(Peer& peer);
  bool take(Peer& peer, std::string_view bytes);
  bool write_out(const std::atomic<bool>& stop);
  void close_confirmed();
  bool print_count(bool last);

  const Print print_;
  const int output_fd_;
  const std::vector<ListeningSocket> sockets_;
  UniqueFd epoll_;
  const std::unique_ptr<char[]> buffer_;
  std::unordered_map<int, Peer> peers_;
  std::vector<int> ended_;  ///< peers to confirm once all is written
  bool accepting_ = true;
  std::string output_;
  std::uint64_t lines_ = 0;
  std::uint64_t printed_count_ = 0;
};

}  // namespace carbon_spool
