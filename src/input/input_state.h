#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/base/log.h"
#include "carbon_spool/input/input.h"

#include "own_socket_file.h"

namespace carbon_spool {

class StatsdService;

/// Counts the living: each holds a `Presence`, and somebody can wait until the last has gone.
/// Threads: any.
class Attendance {
 public:
  class Presence {
   public:
    explicit Presence(Attendance& attendance) : attendance_(&attendance) { attendance.enter(); }
    ~Presence() {
      if (attendance_ != nullptr) attendance_->leave();
    }
    Presence(Presence&& other) noexcept : attendance_(std::exchange(other.attendance_, nullptr)) {}
    Presence& operator=(Presence&&) = delete;

   private:
    Attendance* attendance_;
  };

  [[nodiscard]] std::uint32_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  void wait_for_none() {
    std::unique_lock lock(mutex_);
    gone_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }

  void leave() {
    // Told under the lock: whoever waits may destroy this as soon as it is released.
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) gone_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::uint32_t count_ = 0;
};

/// One address of `listen`: what came through it ends with it.
struct Listening {
  Address configured;
  std::vector<Address> bound;  ///< with the ports that the kernel chose
  std::vector<OwnSocketFile> files;
  std::atomic<bool> stopping{false};
};

using ListeningPtr = std::shared_ptr<Listening>;

/// What all sockets of one input share. Outlives them. Threads: any.
struct InputState {
  InputState(const InputOptions& input_options, ProducerId input_producer, PointSink& point_sink,
             const Clock& input_clock, const RefusalCounts& refused_before);

  /// Counts what was refused; logs how many, why, and `sample`, one of them.
  void count_refused(const RefusalCounts& counts, std::string_view sample, std::string_view peer);
  void count_connection_refused(std::string_view peer, std::string_view reason);
  /// Whether one more connection may be served; if not, `socket` counts as refused.
  [[nodiscard]] bool has_room_for(int socket);
  void count_fragment_cut(std::string_view peer);
  /// Points of `what`, such as "a flush", and why.
  void count_points_dropped(std::uint64_t points, std::string_view what, std::string_view reason);

  [[nodiscard]] InputStats stats() const;

  /// Writes a line for what went wrong on our side.
  void log_trouble(std::string_view text);
  /// For want of the kernel's means to watch one more socket.
  void log_not_listening(const Address& address);
  /// Writes which failures began and which ended; by what fails, and why.
  void log_failures(const std::map<std::string, std::string>& before,
                    const std::map<std::string, std::string>& now);

  const std::string name;
  const InputType type;
  std::atomic<std::uint32_t> max_connections;
  const ProducerId producer;
  PointSink& sink;
  const Clock& clock;
  StatsdService* statsd = nullptr;  ///< of a StatsD input; from before its first socket on

  std::array<std::atomic<std::uint64_t>, kRefusalCount> refused{};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> fragments_cut{0};
  std::atomic<std::uint64_t> datagrams_dropped{0};
  std::atomic<std::uint64_t> points_dropped{0};
  std::atomic<std::uint64_t> packets_unforwarded{0};

  Attendance listeners;  ///< and what else works for the input and is no connection
  Attendance connections;

 private:
  BoundedLog refused_log_;
  BoundedLog connection_log_;
  BoundedLog fragment_log_;
  BoundedLog dropped_log_;
  BoundedLog trouble_log_;
};

}  // namespace carbon_spool
