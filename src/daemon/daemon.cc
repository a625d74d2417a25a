#include "carbon_spool/daemon/daemon.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/input/ingest_threads.h"

#include "daemon_status.h"
#include "refusal_keeper.h"
#include "refusal_note.h"

namespace carbon_spool {
namespace {

/// The inputs' way to the queue.
class QueueSink final : public PointSink {
 public:
  explicit QueueSink(Queue& queue) : queue_(queue) {}

  [[nodiscard]] std::optional<BatchBuilder> obtain_builder() override {
    return queue_.obtain_builder();
  }
  std::uint64_t submit(BatchBuilder builder) override { return queue_.submit(std::move(builder)); }
  void when_durable(std::uint64_t ticket, std::function<void(bool accepted)> then) override {
    queue_.when_durable(ticket, std::move(then));
  }

 private:
  Queue& queue_;
};

class DaemonImpl final : public Daemon {
 public:
  explicit DaemonImpl(const Config& config) : config_(config) {}
  ~DaemonImpl() override;

  [[nodiscard]] Result<void> start();
  void stop() override;
  [[nodiscard]] Status status() const override;

 private:
  struct RunningInput {
    std::string name;
    std::unique_ptr<GraphiteInput> input;
  };
  struct RunningSender {
    std::string name;
    std::unique_ptr<GraphiteSender> sender;
  };

  void start_senders();
  [[nodiscard]] Result<void> start_inputs();
  [[nodiscard]] std::string answer(const std::string& request) const;
  void log_started() const;

  void stop_inputs();
  void drain_senders();
  void tear_down();

  [[nodiscard]] Status status_of_parts() const;

  const Config config_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopping_{false};

  /// Held while parts come and go, and while a status looks at them. Not while senders drain.
  mutable std::mutex mutex_;
  std::unique_ptr<Queue> queue_;
  std::optional<QueueSink> sink_;
  std::vector<RunningSender> senders_;
  std::optional<IngestThreads> threads_;
  std::vector<RunningInput> inputs_;
  Status last_status_;  ///< once the queue is closed

  std::optional<RefusalKeeper> refusals_;
  std::unique_ptr<AdminSocket> admin_;
};

DaemonImpl::~DaemonImpl() {
  stop_inputs();
  tear_down();
}

Result<void> DaemonImpl::start() {
  auto queue = Queue::open(config_.queue);
  if (!queue) return queue.error();
  {
    const std::lock_guard lock(mutex_);
    queue_ = std::move(queue.value());
    sink_.emplace(*queue_);
    start_senders();
    if (auto started = start_inputs(); !started) return started.error();
  }
  auto admin = AdminSocket::listen(config_.admin_socket,
                                   [this](const std::string& request) { return answer(request); });
  if (!admin) return admin.error().in("admin socket");
  admin_ = std::move(admin.value());
  log_started();
  return success();
}

void DaemonImpl::start_senders() {
  for (const DestinationConfig& destination : config_.destinations) {
    SenderOptions options = destination.sender;
    options.confirm_bytes = confirm_bytes_in_force(config_.queue, destination.sender);
    options.points_waiting = [queue = queue_.get(), name = options.name] {
      for (const ReaderStats& each : queue->stats().readers) {
        if (each.name == name) return each.pending_points;
      }
      return std::uint64_t{0};
    };
    Reader& reader = queue_->add_reader(options.name, destination.reader);
    senders_.push_back({options.name, GraphiteSender::start(options, reader)});
  }
}

Result<void> DaemonImpl::start_inputs() {
  threads_.emplace(config_.threads);
  std::vector<RefusalKeeper::NamedInput> named;
  for (const GraphiteInputOptions& options : config_.inputs) {
    const std::string note = queue_->note(refusal_note_key(options.name)).value_or("");
    auto input = GraphiteInput::start(options, queue_->add_producer(options.name), *sink_,
                                      *threads_, from_refusal_note(note));
    if (!input) return input.error().in("input " + options.name);
    named.emplace_back(options.name, input.value().get());
    inputs_.push_back({options.name, std::move(input.value())});
  }
  refusals_.emplace(*queue_, std::move(named));
  return success();
}

std::string DaemonImpl::answer(const std::string& request) const {
  if (request == "status") return to_json(status());
  return R"({"error": "unknown request"})";
}

void DaemonImpl::log_started() const {
  const Status now = status();
  std::string line = "carbon-spool " + now.version + " started: queue " + now.queue.path + " (" +
                     std::to_string(now.queue.points) + " points wait), listening on";
  for (const InputStatus& input : now.inputs) {
    if (input.type == "orphan") continue;
    for (const std::string& address : input.listen) line += " " + address;
  }
  log(LogLevel::Info, line);
}

void DaemonImpl::stop() {
  if (stopping_.exchange(true)) return;
  log(LogLevel::Info, "stopping: destinations may drain for " +
                          format_duration(config_.shutdown_timeout) + " at most");
  stop_inputs();
  drain_senders();
  tear_down();
  bool waiting = false;
  for (const DestinationStatus& each : last_status_.destinations) {
    if (each.points_pending == 0) continue;
    waiting = true;
    log(LogLevel::Info, "left waiting in the queue for " + each.name + ": " +
                            std::to_string(each.points_pending) + " points");
  }
  log(LogLevel::Info, waiting ? "stopped" : "stopped: nothing is left waiting");
}

// The inputs wait for the queue's answers, and a thread that the queue holds back is let go only by
// stop_appending; hence the order.
void DaemonImpl::stop_inputs() {
  for (RunningInput& each : inputs_) each.input->stop();
  if (queue_) queue_->stop_appending();
  for (RunningInput& each : inputs_) each.input->finished();
  refusals_.reset();
}

void DaemonImpl::drain_senders() {
  for (RunningSender& each : senders_) each.sender->drain(config_.shutdown_timeout);
  for (RunningSender& each : senders_) each.sender->finished();
}

void DaemonImpl::tear_down() {
  // Not under the lock: its thread may be waiting for it, to answer.
  admin_.reset();
  const std::lock_guard lock(mutex_);
  senders_.clear();
  if (queue_) last_status_ = status_of_parts();
  inputs_.clear();
  threads_.reset();
  sink_.reset();
  queue_.reset();
}

Status DaemonImpl::status_of_parts() const {
  StatusSources sources{config_, queue_->stats(), {}, {}, system_clock().now()};
  for (const RunningInput& each : inputs_) {
    sources.inputs[each.name] = {each.input->listening(), each.input->stats()};
  }
  for (const RunningSender& each : senders_) sources.senders[each.name] = each.sender->stats();
  return make_status(sources);
}

Status DaemonImpl::status() const {
  const std::lock_guard lock(mutex_);
  Status status = queue_ ? status_of_parts() : last_status_;
  status.version = CARBON_SPOOL_VERSION;
  status.state = !queue_ ? "stopped" : stopping_ ? "stopping" : "running";
  status.pid = ::getpid();
  status.uptime_seconds =
      std::chrono::duration_cast<Seconds>(std::chrono::steady_clock::now() - started_).count();
  return status;
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config) {
  auto daemon = std::make_unique<DaemonImpl>(config);
  if (auto started = daemon->start(); !started) return started.error();
  return std::unique_ptr<Daemon>(std::move(daemon));
}

Result<Status> status_of_stopped(const Config& config) {
  auto queue = Queue::inspect(config.queue.path);
  if (!queue) return queue.error();
  Status status = make_status({config, std::move(queue.value()), {}, {}, system_clock().now()});
  status.version = CARBON_SPOOL_VERSION;
  status.state = "stopped";
  return status;
}

}  // namespace carbon_spool
