#include "carbon_spool/daemon/queue_tools.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/daemon/daemon.h"

#include "daemon_impl.h"
#include "queue_requests.h"

namespace carbon_spool {
namespace {

class QueueToolsImpl final : public QueueTools {
 public:
  explicit QueueToolsImpl(const Config& config) : config_(config) {}

  [[nodiscard]] Result<Status> status() override {
    const auto answer = ask_admin(config_.admin_socket, "status");
    if (answer) return status_from_json(answer.value());
    return status_of_stopped(config_);
  }

  [[nodiscard]] Result<void> walk(const WalkOptions& options,
                                  const std::function<bool(const WalkedBatch&)>& see) override {
    if (is_running()) {
      return walk_running(
          {QueueRequest::What::Walk, options.reader.value_or(""), "", {}, options.verify}, see);
    }
    if (auto events =
            about_events({QueueRequest::What::Walk, options.reader.value_or(""), "", {}, false});
        events && events.value()) {
      return walk_stopped(event_queue(config_).path, options, see);
    }
    WalkOptions selecting = options;
    if (options.reader && !options.verify) selecting.selector = selector_of(*options.reader);
    return walk_stopped(config_.queue.path, selecting, see);
  }

  [[nodiscard]] Result<void> verify_events(
      const std::function<bool(const WalkedBatch&)>& see) override {
    if (is_running()) return walk_running({QueueRequest::What::Walk, "", "", {}, true, true}, see);
    if (!has_event_queue(config_)) return success();
    const std::string path = event_queue(config_).path;
    // The configuration may have events before any daemon had.
    std::error_code unknown;
    if (!std::filesystem::exists(path, unknown)) return success();
    return walk_stopped(path, {std::nullopt, true}, see);
  }

  [[nodiscard]] Result<std::uint64_t> purge(const std::string& destination,
                                            std::optional<std::int64_t> accepted_before) override {
    return change({QueueRequest::What::Purge, destination, "", accepted_before, false});
  }

  [[nodiscard]] Result<std::uint64_t> adopt(const std::string& orphan,
                                            const std::string& heir) override {
    return change({QueueRequest::What::Adopt, orphan, heir, {}, false});
  }

 private:
  [[nodiscard]] static Result<void> walk_stopped(
      const std::string& path, const WalkOptions& options,
      const std::function<bool(const WalkedBatch&)>& see) {
    auto walk = Queue::walk_stopped(path, options);
    if (!walk) return walk.error();
    while (const auto step = walk.value()->next()) {
      if (!see(walked(*walk.value(), *step, options.verify))) break;
    }
    return success();
  }

  [[nodiscard]] Result<void> walk_running(
      const QueueRequest& request, const std::function<bool(const WalkedBatch&)>& see) const {
    bool stopped = false;
    const auto asked = ask(request, [&](const WalkedBatch& batch) {
      stopped = !see(batch);
      return !stopped;
    });
    if (!asked && !stopped) return asked.error();
    return success();
  }

  /// Of a queue that no daemon has open.
  [[nodiscard]] Result<bool> about_events(const QueueRequest& request) const {
    std::vector<ReaderStats> readers;
    if (auto there = Queue::inspect(event_queue(config_).path)) readers = there.value().readers;
    return is_about_events(request, config_, readers);
  }

  [[nodiscard]] bool is_running() const {
    return ask_admin(config_.admin_socket, "status").has_value();
  }

  /// What the configuration gives to that reader; null: all, or it is not in it.
  [[nodiscard]] std::shared_ptr<BatchSelector> selector_of(const std::string& reader) const {
    if (!config_.routing) return nullptr;
    const auto router = BatchRouter::make(config_.routing, kRoutingCacheBytes);
    for (const PlannedReader& each : plan_supplies(config_, {router.get(), 0}, {reader}).readers) {
      if (each.name == reader) return each.options.selector;
    }
    return nullptr;
  }

  [[nodiscard]] Result<std::uint64_t> ask(
      const QueueRequest& request, const std::function<bool(const WalkedBatch&)>& see) const {
    // Longer than a status may take: a table that was just purged is removed before the answer.
    constexpr int kTimeoutSeconds = 60;
    QueueAnswer answer(see);
    const auto asked = ask_admin(
        config_.admin_socket, to_line(request),
        [&](std::string_view piece) { return answer.take(piece); }, kTimeoutSeconds);
    if (!asked) return asked.error();
    return answer.outcome();
  }

  /// Where no daemon runs the queue is opened as one would, so that all it promises holds.
  [[nodiscard]] Result<std::uint64_t> change(const QueueRequest& request) const {
    if (is_running()) {
      return ask(request, [](const WalkedBatch&) { return true; });
    }
    // Opening makes what is not there.
    const auto events = about_events(request);
    if (!events) return events.error();
    const QueueOptions options =
        events.value() ? event_queue(config_) : point_queue(config_, has_event_queue(config_));
    if (auto there = Queue::inspect(options.path); !there) return there.error();
    auto queue = Queue::open(options);
    if (!queue) return queue.error();
    return do_queue_request(
        *queue.value(),
        events.value() ? names_of_event_readers(config_) : names_of_readers(config_), request);
  }

  const Config config_;
};

}  // namespace

std::unique_ptr<QueueTools> QueueTools::for_queue(const Config& config) {
  return std::make_unique<QueueToolsImpl>(config);
}

}  // namespace carbon_spool
