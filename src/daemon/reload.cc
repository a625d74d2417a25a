// Changing the configuration of a running daemon: everything is tried first, then what differs is
// changed, and nothing else.

#include <algorithm>
#include <utility>

#include "daemon_impl.h"
#include "refusal_note.h"

namespace carbon_spool {
namespace {

/// Whether an input of the same name speaks something else.
bool changes_a_type(const Config& from, const Config& to) {
  return std::ranges::any_of(to.inputs, [&](const InputOptions& each) {
    const auto before = std::ranges::find(from.inputs, each.name, &InputOptions::name);
    return before != from.inputs.end() && before->type != each.type;
  });
}

bool changes_statsd(const Config& from, const Config& to) {
  return std::ranges::any_of(to.inputs, [&](const InputOptions& each) {
    const auto before = std::ranges::find(from.inputs, each.name, &InputOptions::name);
    return before != from.inputs.end() && before->statsd != each.statsd;
  });
}

/// The keys that differ and cannot be changed while the daemon runs; empty: none.
std::string need_a_restart(const Config& from, const Config& to) {
  std::string keys;
  const auto add = [&keys](bool differs, const char* key) {
    if (differs) keys += (keys.empty() ? "" : ", ") + std::string(key);
  };
  add(from.queue.path != to.queue.path, "queue.path");
  add(from.threads != to.threads, "daemon.threads");
  add(from.admin_socket != to.admin_socket, "admin.socket");
  add(changes_a_type(from, to), "input.type");
  add(changes_statsd(from, to), "what a StatsD input makes of values");
  return keys;
}

}  // namespace

void DaemonImpl::reload(const LoadedConfig& next) {
  Result<void> done = success();
  if (next.errors.empty()) {
    done = change_to(next.config);
  } else {
    for (const ConfigError& each : next.errors) log(LogLevel::Error, "reload: " + to_string(each));
    done = Error{to_string(next.errors.front())};
  }
  log(done ? LogLevel::Info : LogLevel::Error,
      done ? "reloaded" : "not reloaded, everything stays as it was: " + done.error().message);
  const std::lock_guard lock(mutex_);
  last_reload_error_.reset();
  if (!done) last_reload_error_ = done.error().message;
}

Result<void> DaemonImpl::change_to(const Config& next) {
  if (const std::string keys = need_a_restart(config_, next); !keys.empty()) {
    return Error{"a change of " + keys + " needs a restart"};
  }
  for (RunningInput& each : ended_inputs_) each.input->finished();
  ended_inputs_.clear();
  // Nobody else sees it while something may still fail.
  std::unique_ptr<DaemonEvents> first_events;
  if (!events_ && uses_events(next)) {
    auto opened = DaemonEvents::open(next);
    if (!opened) return opened.error();
    first_events = std::move(opened.value());
  }
  auto added = prepare_inputs(next, first_events ? first_events.get() : events_.get());
  if (!added) {
    take_back_prepared();
    return added.error();
  }

  set_log_level(next.log_level);
  const bool had_events = events_ != nullptr;
  if (first_events) {
    const std::lock_guard lock(mutex_);
    events_ = std::move(first_events);
  }
  const bool has_events = events_ != nullptr;
  if (next.queue != config_.queue || has_events != had_events) {
    queue_->change_options(point_queue(next, has_events));
  }
  if (events_ && next.queue != config_.queue) events_->queue().change_options(event_queue(next));
  stop_event_inputs_without(next);
  change_destinations(next);
  change_inputs(next, std::move(added.value()));
  const std::lock_guard lock(mutex_);
  config_ = next;
  return success();
}

/// Binds every address that is new, and uses none of them yet. Returns the inputs that are new.
/// `events`: for those of events.
Result<std::vector<DaemonImpl::RunningInput>> DaemonImpl::prepare_inputs(const Config& next,
                                                                         DaemonEvents* events) {
  std::vector<RunningInput> added;
  for (const InputOptions& options : next.inputs) {
    const auto running = std::ranges::find(inputs_, options.name, &RunningInput::name);
    Input* input = nullptr;
    if (running == inputs_.end()) {
      InputOptions nowhere = options;
      nowhere.listen.clear();
      const std::string note = queue_->note(refusal_note_key(options.name)).value_or("");
      const bool of_events = options.type == InputType::Events;
      Queue& queue = of_events ? events->queue() : *queue_;
      PointSink& sink = of_events ? events->sink() : *sink_;
      auto made = Input::start(nowhere, queue.add_producer(options.name), sink, *threads_,
                               from_refusal_note(note));
      if (!made) return made.error();
      added.push_back({options.name, std::move(made.value())});
      input = added.back().input.get();
    } else {
      input = running->input.get();
    }
    if (auto prepared = input->prepare(options); !prepared) return prepared.error();
  }
  return added;
}

void DaemonImpl::take_back_prepared() {
  for (const InputOptions& options : config_.inputs) {
    const auto running = std::ranges::find(inputs_, options.name, &RunningInput::name);
    // What it listens on already needs nothing, so this cannot fail.
    if (running != inputs_.end()) static_cast<void>(running->input->prepare(options));
  }
}

/// Before the destinations change: the last one of events may go, too, and nobody would get what is
/// taken after that.
void DaemonImpl::stop_event_inputs_without(const Config& next) {
  for (const InputOptions& each : config_.inputs) {
    if (each.type != InputType::Events) continue;
    const auto same = std::ranges::find(next.inputs, each.name, &InputOptions::name);
    if (same != next.inputs.end()) continue;
    std::ranges::find(inputs_, each.name, &RunningInput::name)->input->stop();
  }
}

/// Senders that go, or that are replaced, have their unconfirmed points confirmed first, all of
/// them at the same time; the others go on meanwhile.
void DaemonImpl::change_destinations(const Config& next) {
  Plan planned;
  std::vector<RunningSender> ending;
  std::vector<DaemonEvents::RunningSender> ending_of_events;
  {
    const std::lock_guard lock(mutex_);
    if (events_) ending_of_events = events_->take_senders_without(next);
    use_routing(next.routing);
    planned = plan(next);
    const auto stays = [&](const RunningSender& running) {
      for (std::size_t i = 0; i < next.destinations.size(); ++i) {
        if (sender_options(next, next.destinations[i]) != running.options) continue;
        return planned.supplies[i] == running.supply;
      }
      return false;
    };
    const auto gone = std::stable_partition(senders_.begin(), senders_.end(), stays);
    std::move(gone, senders_.end(), std::back_inserter(ending));
    senders_.erase(gone, senders_.end());
  }
  for (RunningSender& each : ending) each.sender->drain(config_.shutdown_timeout, Drain::UnderWay);
  for (auto& each : ending_of_events) {
    each.sender->drain(config_.shutdown_timeout, Drain::UnderWay);
  }
  for (RunningSender& each : ending) {
    each.sender->finished();
    each.sender.reset();
  }
  for (auto& each : ending_of_events) each.sender->finished();
  ending_of_events.clear();

  const std::lock_guard lock(mutex_);
  release_readers_without(planned);
  config_.queue = next.queue;  // what a connection may carry goes by the cap
  config_.destinations = next.destinations;
  config_.event_destinations = next.event_destinations;
  config_.routing = next.routing;
  provide_readers(planned);
  start_missing_senders(planned);
  if (!events_) return;
  // In this order somebody gets what is accepted meanwhile.
  events_->provide_senders(next);
  events_->release_readers_without(next);
}

/// Nothing takes from them any more.
void DaemonImpl::release_readers_without(const Plan& planned) {
  for (auto at = readers_.begin(); at != readers_.end();) {
    const std::string& name = at->first;
    if (std::ranges::any_of(planned.readers, [&](const auto& each) { return each.name == name; })) {
      ++at;
      continue;
    }
    queue_->release_reader(name);
    std::erase_if(takers_, [&](const auto& each) { return each.first.first == name; });
    at = readers_.erase(at);
  }
}

void DaemonImpl::change_inputs(const Config& next, std::vector<RunningInput> added) {
  std::vector<RunningInput> gone;
  {
    const std::lock_guard lock(mutex_);
    const auto first_gone =
        std::stable_partition(inputs_.begin(), inputs_.end(), [&](const RunningInput& running) {
          return std::ranges::any_of(
              next.inputs, [&](const InputOptions& each) { return each.name == running.name; });
        });
    std::move(first_gone, inputs_.end(), std::back_inserter(gone));
    inputs_.erase(first_gone, inputs_.end());
    std::ranges::move(added, std::back_inserter(inputs_));
  }
  for (RunningInput& each : gone) each.input->stop();
  for (RunningInput& each : inputs_) each.input->use_prepared();
  // Writes the counts of those that are gone, too.
  refusals_.reset();
  keep_refusals();
  // Half-closed connections may still wait for the disk: not here.
  std::ranges::move(gone, std::back_inserter(ended_inputs_));
}

}  // namespace carbon_spool
