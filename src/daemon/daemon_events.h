#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/daemon/config.h"
#include "carbon_spool/output/event_sender.h"
#include "carbon_spool/queue/queue.h"

#include "queue_requests.h"
#include "queue_sink.h"

namespace carbon_spool {

/// What `carbon-spool event` asks: this, and the JSON of the event. The answer: `ok` once it is
/// durable, or `failed` and why.
inline constexpr std::string_view kEventRequest = "event\t";

/// Under which the events that the command handed over are counted; no input can have that name.
inline constexpr const char* kEventCommandProducer = "carbon-spool event";

/// The daemon's part for events: a queue of their own beside that of points, and who delivers them.
/// Threads: one at a time, the daemon's mutex held where it says so.
class DaemonEvents {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DaemonEvents>> open(const Config& config);

  [[nodiscard]] Queue& queue() { return *queue_; }
  [[nodiscard]] const Queue& queue() const { return *queue_; }
  [[nodiscard]] PointSink& sink() { return sink_; }

  struct RunningSender {
    EventSenderOptions options;
    std::unique_ptr<EventSender> sender;
  };

  /// With the mutex: adds readers, and starts senders for every destination that has none.
  void provide_senders(const Config& config);
  /// With the mutex: those that `next` does not have as they are, to be ended without it.
  [[nodiscard]] std::vector<RunningSender> take_senders_without(const Config& next);
  /// With the mutex, after those have ended.
  void release_readers_without(const Config& next);

  /// Begins to drain all, and waits for the end of it.
  void drain(Milliseconds timeout);
  void finished();
  /// With the mutex. After it `take` is not to be called.
  void end_senders() { senders_.clear(); }

  [[nodiscard]] std::map<std::string, SenderStats> sender_stats() const;

  /// With the mutex: puts the event of an `event` request into the queue; what it returns is ready
  /// once that is durable (true) or never will be.
  [[nodiscard]] Result<std::future<bool>> take(std::string_view json);

 private:
  explicit DaemonEvents(std::unique_ptr<Queue> queue);

  const std::unique_ptr<Queue> queue_;
  QueueSink sink_;
  const ProducerId command_;
  std::map<std::string, Reader*> readers_;
  std::vector<RunningSender> senders_;
};

/// Without the mutex: waits for what `take` returned, and answers the `event` request.
[[nodiscard]] AdminAnswer answer_once_durable(std::future<bool> durable);

[[nodiscard]] ReaderNames names_of_event_readers(const Config& config);

/// Whether a request is for the queue of events: its destination takes events or, where no
/// destination has that name, it is among `event_readers`. Fails if it would mix the two.
[[nodiscard]] Result<bool> is_about_events(const QueueRequest& request, const Config& config,
                                           const std::vector<ReaderStats>& event_readers);

}  // namespace carbon_spool
