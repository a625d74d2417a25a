#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "carbon_spool/admin/admin_socket.h"
#include "carbon_spool/daemon/daemon.h"
#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/route/batch_router.h"

#include "daemon_events.h"
#include "queue_requests.h"
#include "queue_sink.h"
#include "refusal_keeper.h"
#include "supply_plan.h"

namespace carbon_spool {

/// The daemon. Starting, stopping and its status are in daemon.cc, changing its configuration while
/// it runs in reload.cc.
class DaemonImpl final : public Daemon {
 public:
  explicit DaemonImpl(const Config& config) : config_(config) {}
  ~DaemonImpl() override;

  [[nodiscard]] Result<void> start();
  void reload(const LoadedConfig& next) override;
  void stop() override;
  [[nodiscard]] Status status() const override;

 private:
  struct RunningInput {
    std::string name;
    std::unique_ptr<Input> input;
  };
  struct RunningSender {
    SenderOptions options;  ///< in force
    SupplyPlan supply;      ///< in force
    std::unique_ptr<GraphiteSender> sender;
  };

  // daemon.cc
  [[nodiscard]] Result<void> start_inputs();
  [[nodiscard]] Plan plan(const Config& config) const;
  void use_routing(const std::shared_ptr<const RoutingTable>& routing);
  void provide_readers(const Plan& plan);
  [[nodiscard]] std::shared_ptr<Standing> standing_of(const std::string& destination);
  /// Of the readers that are divided, each made once for all senders that share it.
  using MadeKeepers =
      std::map<std::shared_ptr<const PlannedKeepers>, std::shared_ptr<const Keepers>>;
  [[nodiscard]] std::shared_ptr<const Keepers> keepers_of(
      const std::shared_ptr<const PlannedKeepers>& planned, MadeKeepers& made);
  void start_missing_senders(const Plan& plan);
  void start_sender(const SenderOptions& options, const SupplyPlan& supply, MadeKeepers& made);
  void keep_refusals();
  [[nodiscard]] AdminAnswer answer(const std::string& request);
  [[nodiscard]] AdminAnswer answer_watcher(std::string_view request);
  [[nodiscard]] AdminAnswer answer_event(std::string_view json);
  [[nodiscard]] AdminAnswer answer_about_queues(const QueueRequest& request);
  void log_started() const;

  void stop_inputs();
  void drain_senders();
  void tear_down();

  [[nodiscard]] Status status_of_parts() const;

  // reload.cc
  [[nodiscard]] Result<void> change_to(const Config& next);
  [[nodiscard]] Result<std::vector<RunningInput>> prepare_inputs(const Config& next,
                                                                 DaemonEvents* events);
  void take_back_prepared();
  void stop_event_inputs_without(const Config& next);
  void change_destinations(const Config& next);
  void release_readers_without(const Plan& planned);
  void change_inputs(const Config& next, std::vector<RunningInput> added);

  Config config_;  ///< changed with mutex_ held
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopping_{false};

  /// Held while parts come and go, and while a status looks at them. Not while senders drain.
  mutable std::mutex mutex_;
  std::unique_ptr<Queue> queue_;
  std::optional<QueueSink> sink_;
  std::unique_ptr<DaemonEvents> events_;  ///< null: nothing takes or delivers events
  std::shared_ptr<BatchRouter> router_;   ///< of the routing in force; null without one
  unsigned routing_generation_ = 0;
  std::map<std::string, Reader*> readers_;
  std::map<std::pair<std::string, std::string>, Reader*> takers_;  ///< by reader and taker
  std::map<std::string, std::shared_ptr<Standing>> standings_;     ///< of destinations
  std::vector<RunningSender> senders_;
  std::optional<IngestThreads> threads_;
  std::vector<RunningInput> inputs_;
  std::optional<std::string> last_reload_error_;
  Status last_status_;  ///< once the queue is closed

  std::vector<RunningInput> ended_inputs_;  ///< stopped, some of their answers may be owed
  std::optional<RefusalKeeper> refusals_;
  std::unique_ptr<AdminSocket> admin_;
};

/// What decisions by metric path may take of memory, whatever the number of series; what is not
/// needed of it is not taken.
inline constexpr std::size_t kRoutingCacheBytes = 64ull << 20;

/// What `carbon-spool statsd watch` asks, again and again: this, a tab, its name, a tab, a pattern.
/// The answer: `ok` and what the StatsD inputs saw since, or `failed` and why.
inline constexpr std::string_view kWatchRequest = "statsd-watch\t";

/// What the sender of a destination is started with.
[[nodiscard]] SenderOptions sender_options(const Config& config,
                                           const DestinationConfig& destination);

}  // namespace carbon_spool
