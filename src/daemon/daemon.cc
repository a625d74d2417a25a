#include <algorithm>
#include <future>
#include <utility>

#include <unistd.h>

#include "daemon_impl.h"
#include "daemon_status.h"
#include "queue_requests.h"

namespace carbon_spool {

DaemonImpl::~DaemonImpl() {
  stop_inputs();
  tear_down();
}

Result<void> DaemonImpl::start() {
  const bool with_events = has_event_queue(config_);
  auto queue = Queue::open(point_queue(config_, with_events));
  if (!queue) return queue.error();
  {
    const std::lock_guard lock(mutex_);
    queue_ = std::move(queue.value());
    if (with_events) {
      auto opened = DaemonEvents::open(config_);
      if (!opened) return opened.error();
      events_ = std::move(opened.value());
      events_->provide_senders(config_);
    }
    sink_.emplace(*queue_);
    use_routing(config_.routing);
    const Plan planned = plan(config_);
    provide_readers(planned);
    start_missing_senders(planned);
    if (auto started = start_inputs(); !started) return started.error();
  }
  auto admin = AdminSocket::listen(config_.admin_socket,
                                   [this](const std::string& request) { return answer(request); });
  if (!admin) return admin.error().in("admin socket");
  admin_ = std::move(admin.value());
  log_started();
  return success();
}

SenderOptions sender_options(const Config& config, const DestinationConfig& destination) {
  SenderOptions options = destination.sender;
  options.confirm_bytes = confirm_bytes_in_force(config.queue, destination.sender);
  return options;
}

/// What was decided by a routing that stays as it is stays decided.
void DaemonImpl::use_routing(const std::shared_ptr<const RoutingTable>& routing) {
  if (router_ && routing && router_->table().options() == routing->options()) return;
  router_ = routing ? BatchRouter::make(routing, kRoutingCacheBytes) : nullptr;
  ++routing_generation_;
}

Plan DaemonImpl::plan(const Config& config) const {
  std::set<std::string> remembered;
  for (const ReaderStats& each : queue_->stats().readers) remembered.insert(each.name);
  return plan_supplies(config, {router_.get(), routing_generation_}, remembered);
}

/// Every reader and hand that senders are about to use.
void DaemonImpl::provide_readers(const Plan& plan) {
  for (const PlannedReader& each : plan.readers) {
    const auto found = readers_.find(each.name);
    if (found == readers_.end()) {
      readers_[each.name] = &queue_->add_reader(each.name, each.options);
    } else {
      found->second->change_options(each.options);
    }
  }
  for (const PlannedTaker& each : plan.takers) {
    takers_[{each.reader, each.taker}] = &queue_->add_taker(each.reader, each.taker, each.selector);
  }
  for (const PlannedHandOver& each : plan.hand_overs) {
    const auto done = queue_->hand_over(each.from, each.to);
    if (done) continue;
    log(LogLevel::Error,
        "what waits for \"" + each.from + "\" stays where it is: " + done.error().message);
  }
}

std::shared_ptr<Standing> DaemonImpl::standing_of(const std::string& destination) {
  std::shared_ptr<Standing>& standing = standings_[destination];
  if (!standing) standing = std::make_shared<Standing>();
  return standing;
}

std::shared_ptr<const Keepers> DaemonImpl::keepers_of(
    const std::shared_ptr<const PlannedKeepers>& planned, MadeKeepers& all_made) {
  std::shared_ptr<const Keepers>& made = all_made[planned];
  if (made) return made;
  Keepers keepers;
  for (const PlannedKeeper& each : *planned) {
    switch (each.whose) {
      case PlannedKeeper::Whose::Named:
        keepers.push_back(standing_of(each.name));
        break;
      case PlannedKeeper::Whose::Takers:
        keepers.push_back(nullptr);
        break;
      case PlannedKeeper::Whose::Nobody:
        keepers.push_back(std::make_shared<Standing>());  // never down
        break;
    }
  }
  made = std::make_shared<const Keepers>(std::move(keepers));
  return made;
}

/// For every destination of the configuration that has none.
void DaemonImpl::start_missing_senders(const Plan& plan) {
  MadeKeepers made;
  for (std::size_t i = 0; i < config_.destinations.size(); ++i) {
    const SenderOptions options = sender_options(config_, config_.destinations[i]);
    const bool runs = std::ranges::any_of(senders_, [&](const RunningSender& running) {
      return running.options.name == options.name;
    });
    if (!runs) start_sender(options, plan.supplies[i], made);
  }
}

void DaemonImpl::start_sender(const SenderOptions& options, const SupplyPlan& planned,
                              MadeKeepers& made) {
  Supply supply;
  supply.standing = standing_of(options.name);
  supply.reroute_after = planned.reroute_after;
  if (planned.has_own) supply.own = readers_.at(options.name);
  for (const PlannedSource& each : planned.sources) {
    Source source;
    source.reader =
        each.taker.empty() ? readers_.at(each.reader) : takers_.at({each.reader, each.taker});
    source.own = each.reader == options.name;
    for (const std::string& other : each.while_down)
      source.while_down.push_back(standing_of(other));
    if (each.shares) source.shares = keepers_of(each.shares, made);
    supply.sources.push_back(std::move(source));
  }
  // For itself, or else for the clusters that it takes from.
  std::set<std::string> readers;
  for (const PlannedSource& each : planned.sources) readers.insert(each.reader);
  if (planned.has_own) readers = {options.name};
  const auto points_waiting = [queue = queue_.get(), readers] {
    std::uint64_t points = 0;
    for (const ReaderStats& each : queue->stats().readers) {
      if (readers.contains(each.name)) points += each.pending_points;
    }
    return points;
  };
  senders_.push_back(
      {options, planned, GraphiteSender::start(options, std::move(supply), points_waiting)});
}

Result<void> DaemonImpl::start_inputs() {
  threads_.emplace(config_.threads);
  auto inputs = prepare_inputs(config_, events_.get());
  if (!inputs) return inputs.error();
  inputs_ = std::move(inputs.value());
  for (RunningInput& each : inputs_) each.input->use_prepared();
  keep_refusals();
  return success();
}

void DaemonImpl::keep_refusals() {
  std::vector<RefusalKeeper::NamedInput> named;
  for (const RunningInput& each : inputs_) named.emplace_back(each.name, each.input.get());
  refusals_.emplace(*queue_, std::move(named));
}

AdminAnswer DaemonImpl::answer(const std::string& request) {
  if (request == "status") return whole_answer(to_json(status()));
  if (request.starts_with(kWatchRequest)) {
    return answer_watcher(std::string_view(request).substr(kWatchRequest.size()));
  }
  if (request.starts_with(kEventRequest)) {
    return answer_event(std::string_view(request).substr(kEventRequest.size()));
  }
  const auto asked = queue_request_from(request);
  if (!asked) return whole_answer("failed unknown request\n");
  return answer_about_queues(*asked);
}

AdminAnswer DaemonImpl::answer_about_queues(const QueueRequest& request) {
  ReaderNames configured;
  Queue* asked = queue_.get();
  {
    const std::lock_guard lock(mutex_);
    // No queue of events: nothing of it is damaged.
    if (request.of_events && !events_) return whole_answer("of 0 0\ndone 0\n");
    configured = names_of_readers(config_);
    if (events_) {
      const auto events = is_about_events(request, config_, events_->queue().stats().readers);
      if (!events) return whole_answer("failed " + events.error().message + '\n');
      if (events.value()) {
        configured = names_of_event_readers(config_);
        asked = &events_->queue();
      }
    }
  }
  // The admin thread ends before the queues do.
  return answer_queue_request(*asked, configured, request);
}

AdminAnswer DaemonImpl::answer_event(std::string_view json) {
  std::future<bool> durable;
  {
    // A reload must not take away whoever gets it before it is in the queue.
    const std::lock_guard lock(mutex_);
    if (!events_ || config_.event_destinations.empty()) {
      return whole_answer(
          "failed nobody would get it: there is no [[destination]] with type = "
          "\"graphite_events\"\n");
    }
    auto taken = events_->take(json);
    if (!taken) return whole_answer("failed " + taken.error().message + '\n');
    durable = std::move(taken.value());
  }
  return answer_once_durable(std::move(durable));
}

AdminAnswer DaemonImpl::answer_watcher(std::string_view request) {
  const std::size_t tab = request.find('\t');
  if (tab == std::string_view::npos) return whole_answer("failed unknown request\n");
  const std::string watcher(request.substr(0, tab));
  const std::string pattern(request.substr(tab + 1));
  std::string seen = "ok\n";
  bool any = false;
  const std::lock_guard lock(mutex_);
  for (const RunningInput& each : inputs_) {
    const std::optional<std::string> here = each.input->watch(watcher, pattern);
    any = any || here;
    seen += here.value_or("");
  }
  return whole_answer(any ? seen : "failed there is no StatsD input\n");
}

ReaderNames names_of_readers(const Config& config) {
  ReaderNames names;
  for (std::uint32_t i = 0; i < config.destinations.size(); ++i) {
    const std::string& name = config.destinations[i].sender.name;
    names.all.insert(name);
    if (!config.routing || gets_points_of_its_own(*config.routing, i)) names.used.insert(name);
  }
  if (!config.routing) return names;
  for (const ClusterOptions& each : config.routing->options().clusters) {
    if (!shares_a_reader(each.select)) continue;
    names.all.insert(each.name);
    names.used.insert(each.name);
  }
  return names;
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
  const auto tell = [&](const std::string& name, const ReaderStatus& reader, const char* what) {
    if (reader.points_pending == 0) return;
    waiting = true;
    log(LogLevel::Info, "left waiting in the queue for " + name + ": " +
                            std::to_string(reader.points_pending) + " " + what);
  };
  for (const DestinationStatus& each : last_status_.destinations) {
    tell(each.name, each, each.type == kEventDestinationType ? "events" : "points");
  }
  for (const ClusterStatus& each : last_status_.clusters) {
    if (each.reader) tell(each.name, *each.reader, "points");
  }
  log(LogLevel::Info, waiting ? "stopped" : "stopped: nothing is left waiting");
}

// The inputs wait for the queue's answers, and a thread that the queue holds back is let go only by
// stop_appending; hence the order.
void DaemonImpl::stop_inputs() {
  for (RunningInput& each : inputs_) each.input->stop();
  if (events_) events_->queue().stop_appending();
  if (queue_) queue_->stop_appending();
  for (RunningInput& each : inputs_) each.input->finished();
  for (RunningInput& each : ended_inputs_) each.input->finished();
  refusals_.reset();
}

void DaemonImpl::drain_senders() {
  for (RunningSender& each : senders_) each.sender->drain(config_.shutdown_timeout);
  if (events_) events_->drain(config_.shutdown_timeout);
  for (RunningSender& each : senders_) each.sender->finished();
  if (events_) events_->finished();
}

void DaemonImpl::tear_down() {
  // Not under the lock: its thread may be waiting for it, to answer.
  admin_.reset();
  const std::lock_guard lock(mutex_);
  senders_.clear();
  if (events_) events_->end_senders();
  if (queue_) last_status_ = status_of_parts();
  inputs_.clear();
  ended_inputs_.clear();
  threads_.reset();
  sink_.reset();
  events_.reset();
  queue_.reset();
}

Status DaemonImpl::status_of_parts() const {
  StatusSources sources{config_, queue_->stats(), {}, {}, {}, system_clock().now()};
  for (const RunningInput& each : inputs_) {
    sources.inputs[each.name] = {each.input->listening(), each.input->stats()};
  }
  for (const RunningSender& each : senders_)
    sources.senders[each.options.name] = each.sender->stats();
  if (events_) {
    sources.events = events_->queue().stats();
    sources.senders.merge(events_->sender_stats());
  }
  return make_status(sources);
}

Status DaemonImpl::status() const {
  const std::lock_guard lock(mutex_);
  Status status = queue_ ? status_of_parts() : last_status_;
  status.version = CARBON_SPOOL_VERSION;
  status.last_reload_error = last_reload_error_;
  status.state = !queue_ ? "stopped" : stopping_ ? "stopping" : "running";
  status.pid = ::getpid();
  status.uptime_seconds =
      std::chrono::duration_cast<Seconds>(std::chrono::steady_clock::now() - started_).count();
  return status;
}

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config) {
  auto daemon = std::make_unique<DaemonImpl>(config);
  if (auto started = daemon->start(); !started) return started.error();
  return std::unique_ptr<Daemon>(std::move(daemon));
}

Result<Status> status_of_stopped(const Config& config) {
  auto queue = Queue::inspect(config.queue.path);
  if (!queue) return queue.error();
  std::optional<QueueStats> events;
  if (auto there = Queue::inspect(event_queue(config).path)) events = std::move(there.value());
  Status status = make_status(
      {config, std::move(queue.value()), std::move(events), {}, {}, system_clock().now()});
  status.version = CARBON_SPOOL_VERSION;
  status.state = "stopped";
  return status;
}

}  // namespace carbon_spool
