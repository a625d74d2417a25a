#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/daemon/config.h"
#include "carbon_spool/daemon/queue_tools.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// What is asked of the queue through the admin socket: a line of words with tabs between them.
struct QueueRequest {
  enum class What { Walk, Purge, Adopt };
  What what = What::Walk;
  std::string destination;                      ///< empty (of a walk): all; of Adopt the orphan
  std::string heir;                             ///< of Adopt
  std::optional<std::int64_t> accepted_before;  ///< of Purge; Unix milliseconds
  bool verify = false;                          ///< of Walk
  bool of_events = false;  ///< of a walk to verify: their queue, not that of points
};

/// Positions in the queue that a configuration has a use for, by name.
struct ReaderNames {
  std::set<std::string> all;
  /// Those that points wait for. The others are of destinations that get them from the readers of
  /// clusters alone.
  std::set<std::string> used;
};

/// Of destinations of points, and of clusters that share a reader.
[[nodiscard]] ReaderNames names_of_readers(const Config& config);

[[nodiscard]] std::string to_line(const QueueRequest& request);
/// None if the line is no such request.
[[nodiscard]] std::optional<QueueRequest> queue_request_from(std::string_view line);

/// Does it and answers, in frames: each a line, behind `batch` that many bytes of plaintext.
///
///     of BATCHES POINTS                          how long the walk is; first
///     batch SEQUENCE ACCEPTED_AT POINTS BYTES    and the bytes
///     lost SEQUENCE WHY                          a batch that cannot be read
///     done POINTS                                last; of a walk, 0
///     failed WHY                                 last
///
/// The queue must outlive the answer.
[[nodiscard]] AdminAnswer answer_queue_request(Queue& queue, const ReaderNames& configured,
                                               const QueueRequest& request);

/// What `Purge` and `Adopt` do.
[[nodiscard]] Result<std::uint64_t> do_queue_request(Queue& queue, const ReaderNames& configured,
                                                     const QueueRequest& request);

/// A batch as `QueueTools` shows it, valid as long as the step.
[[nodiscard]] WalkedBatch walked(const BatchWalk& walk, const BatchWalk::Step& step, bool verify);

/// Reads such an answer as it comes.
class QueueAnswer {
 public:
  explicit QueueAnswer(std::function<bool(const WalkedBatch&)> see) : see_(std::move(see)) {}

  /// False: no more is wanted.
  [[nodiscard]] bool take(std::string_view piece);

  /// What `done` said; fails if it has failed, or was cut short.
  [[nodiscard]] Result<std::uint64_t> outcome() const;

 private:
  [[nodiscard]] bool take_frame(std::string_view line, std::string_view& rest);

  const std::function<bool(const WalkedBatch&)> see_;
  std::string unread_;
  WalkedBatch seen_;
  bool stopped_ = false;  ///< by `see`
  std::optional<std::uint64_t> done_;
  std::string failure_ = "the answer was cut short";
};

}  // namespace carbon_spool
