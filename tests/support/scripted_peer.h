#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/assert.h"

#include "temp_dir.h"

namespace carbon_spool {

/// A server on loopback, or on a Unix socket, that treats each connection as a script says. The
/// script runs on a thread of the connection; when it returns without having ended the connection,
/// the connection stays open until the peer is destroyed.
class ScriptedPeer {
 public:
  /// One connection, seen from the peer.
  class Visit {
   public:
    [[nodiscard]] int number() const { return number_; }  ///< from 0, in order of acceptance
    [[nodiscard]] const std::string& text() const { return text_; }  ///< read so far

    /// Reads up to `most` bytes. False at the end of file, after an error, or when the test is
    /// over.
    bool read(std::size_t most = 65536) {
      std::string piece(most, '\0');
      const ssize_t got = ::recv(fd_, piece.data(), piece.size(), 0);
      if (got <= 0) {
        at_end_ = got == 0 && !peer_.over();
        return false;
      }
      text_.append(piece, 0, static_cast<std::size_t>(got));
      return true;
    }

    /// What is unread, up to `most` bytes, left unread; waits for some. Empty at the end of file.
    [[nodiscard]] std::string look(std::size_t most = 65536) const {
      std::string piece(most, '\0');
      const ssize_t seen = ::recv(fd_, piece.data(), piece.size(), MSG_PEEK);
      piece.resize(seen > 0 ? static_cast<std::size_t>(seen) : 0);
      return piece;
    }

    /// Reads exactly so many bytes in all; false if they did not come.
    bool read_up_to(std::size_t bytes) {
      while (text_.size() < bytes) {
        if (!read(bytes - text_.size())) return false;
      }
      return true;
    }

    /// True if the end of file came; false after an error, or when the test is over.
    bool read_to_end() {
      while (read()) {
      }
      return at_end_;
    }

    /// What a Graphite server does: reads everything, then closes.
    void confirm() {
      if (read_to_end()) confirm_now();
    }
    void confirm_now() {
      peer_.note_confirmed(text_);
      end();
    }

    /// Closes at once; with unread bytes the kernel makes a reset of it.
    void end() {
      const std::lock_guard lock(peer_.mutex_);
      if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void reset() {
      const linger at_once{1, 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      // A Unix socket resets when it closes with unread bytes, and only then.
      end();
    }
    void wait_for_bytes() const {
      pollfd readable{fd_, POLLIN, 0};
      ::poll(&readable, 1, -1);
    }
    /// True if neither a byte nor an end of file comes within that time.
    [[nodiscard]] bool is_quiet_for(std::chrono::milliseconds time) const {
      pollfd readable{fd_, POLLIN, 0};
      return ::poll(&readable, 1, static_cast<int>(time.count())) == 0;
    }
    /// With or without unread bytes before it.
    void wait_for_half_close() const {
      pollfd closed{fd_, POLLRDHUP, 0};
      ::poll(&closed, 1, -1);
    }
    /// True if the other side gave the connection up within that time, after its half-close.
    [[nodiscard]] bool hangs_up_within(std::chrono::milliseconds time) const {
      pollfd closed{fd_, 0, 0};
      return ::poll(&closed, 1, static_cast<int>(time.count())) == 1;
    }
    /// False once the other side takes no more.
    bool send(std::string_view text) const {
      return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) > 0;
    }
    [[nodiscard]] ScriptedPeer& peer() const { return peer_; }

   private:
    friend class ScriptedPeer;
    Visit(ScriptedPeer& peer, int fd, int number) : peer_(peer), fd_(fd), number_(number) {}

    ScriptedPeer& peer_;
    int fd_;
    const int number_;
    std::string text_;
    bool at_end_ = false;
  };

  using Script = std::function<void(Visit&)>;
  using Transport = Address::Transport;

  /// `receive_buffer`: of every connection, in bytes; 0: the kernel's own.
  explicit ScriptedPeer(Transport transport, Script script, int receive_buffer = 0)
      : transport_(transport), script_(std::move(script)) {
    bind_socket();
    if (receive_buffer > 0) {
      ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
  }

  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  ~ScriptedPeer() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      ::shutdown(listener_, SHUT_RDWR);
      for (const auto& visit : visits_) {
        if (visit->fd_ >= 0) ::shutdown(visit->fd_, SHUT_RDWR);
      }
    }
    changed_.notify_all();
    if (acceptor_.joinable()) acceptor_.join();
    for (std::jthread& thread : threads_) thread.join();
    for (const auto& visit : visits_) visit->end();
    ::close(listener_);
  }

  /// Connections are refused before.
  ScriptedPeer& listen() {
    CS_ASSERT(::listen(listener_, 64) == 0);
    acceptor_ = std::jthread([this] { accept_all(); });
    return *this;
  }

  /// As a server that hangs: connections stay in its short queue.
  void listen_without_accepting() { CS_ASSERT(::listen(listener_, 0) == 0); }

  [[nodiscard]] const Address& address() const { return address_; }

  [[nodiscard]] bool over() const {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  [[nodiscard]] int visits() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(visits_.size());
  }
  /// Connections that were confirmed. For conditions of `wait`.
  [[nodiscard]] int ended() const { return ended_; }
  /// Every line of the connections that were confirmed.
  [[nodiscard]] std::multiset<std::string> confirmed() const {
    const std::lock_guard lock(mutex_);
    return confirmed_;
  }

  /// For scripts that wait for one another: waits until `condition` holds or the test is over, and
  /// looks again after each `tell`, acceptance and confirmation.
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    const auto reached = [&] { return over_ || condition(); };
    return changed_.wait_for(lock, std::chrono::minutes(1), reached) && !over_;
  }
  template <class Condition>
  bool wait_for(std::chrono::milliseconds time, Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, condition);
  }
  /// What a test reads that scripts `tell`.
  template <class Question>
  [[nodiscard]] auto ask(Question question) const {
    const std::lock_guard lock(mutex_);
    return question();
  }
  template <class Change>
  void tell(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

 private:
  void bind_socket() {
    address_.transport = transport_;
    if (transport_ == Transport::UnixStream) {
      listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      address_.path = folder_ / "peer";
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      std::copy(address_.path.begin(), address_.path.end(), name.sun_path);
      CS_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
      return;
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    CS_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&name), size) == 0);
    CS_ASSERT(::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    address_.host = "127.0.0.1";
    address_.port = ntohs(name.sin_port);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      if (over_) {
        ::close(fd);
        return;
      }
      const int number = static_cast<int>(visits_.size());
      visits_.push_back(std::unique_ptr<Visit>(new Visit(*this, fd, number)));
      threads_.emplace_back([this, visit = visits_.back().get()] { script_(*visit); });
      changed_.notify_all();
    }
  }

  void note_confirmed(const std::string& text) {
    const std::lock_guard lock(mutex_);
    ++ended_;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
      confirmed_.insert(text.substr(at, end + 1 - at));
      at = end + 1;
    }
    changed_.notify_all();
  }

  const Transport transport_;
  const Script script_;
  TempDir folder_;
  Address address_;
  int listener_ = -1;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::list<std::unique_ptr<Visit>> visits_;
  int ended_ = 0;
  std::multiset<std::string> confirmed_;

  std::jthread acceptor_;
  std::list<std::jthread> threads_;  ///< made by the acceptor
};

}  // namespace carbon_spool
