#include "daemon_events.h"

#include <algorithm>
#include <utility>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/wire/event.h"

namespace carbon_spool {
namespace {

/// How long the command may wait for the disk: others wait for the admin thread meanwhile.
constexpr std::chrono::seconds kLongestWait{4};
constexpr Milliseconds kMostPatience{500};

bool is_point_destination(const Config& config, const std::string& name) {
  return names_of_readers(config).all.contains(name);
}

bool is_event_destination(const Config& config, const std::string& name) {
  return names_of_event_readers(config).all.contains(name);
}

AdminAnswer failed(const std::string& why) {
  return whole_answer("failed " + why + '\n');
}

}  // namespace

DaemonEvents::DaemonEvents(std::unique_ptr<Queue> queue)
    : queue_(std::move(queue)),
      sink_(*queue_),
      command_(queue_->add_producer(kEventCommandProducer)) {}

Result<std::unique_ptr<DaemonEvents>> DaemonEvents::open(const Config& config) {
  auto queue = Queue::open(event_queue(config));
  if (!queue) return queue.error().in("events");
  return std::unique_ptr<DaemonEvents>(new DaemonEvents(std::move(queue.value())));
}

void DaemonEvents::provide_senders(const Config& config) {
  for (const EventDestinationConfig& each : config.event_destinations) {
    const std::string& name = each.sender.name;
    Reader*& reader = readers_[name];
    if (reader == nullptr) {
      reader = &queue_->add_reader(name, each.reader);
    } else {
      reader->change_options(each.reader);
    }
    if (std::ranges::any_of(senders_, [&](const auto& one) { return one.options.name == name; }))
      continue;
    const auto events_waiting = [queue = queue_.get(), name] {
      std::uint64_t events = 0;
      for (const ReaderStats& one : queue->stats().readers) {
        if (one.name == name) events = one.pending_points;
      }
      return events;
    };
    senders_.push_back({each.sender, EventSender::start(each.sender, *reader, events_waiting)});
  }
}

std::vector<DaemonEvents::RunningSender> DaemonEvents::take_senders_without(const Config& next) {
  const auto stays = [&](const RunningSender& running) {
    return std::ranges::any_of(next.event_destinations, [&](const EventDestinationConfig& each) {
      return each.sender == running.options;
    });
  };
  const auto gone = std::stable_partition(senders_.begin(), senders_.end(), stays);
  std::vector<RunningSender> ending;
  std::move(gone, senders_.end(), std::back_inserter(ending));
  senders_.erase(gone, senders_.end());
  return ending;
}

void DaemonEvents::release_readers_without(const Config& next) {
  std::erase_if(readers_, [&](const auto& each) {
    if (is_event_destination(next, each.first)) return false;
    queue_->release_reader(each.first);
    return true;
  });
}

void DaemonEvents::drain(Milliseconds timeout) {
  for (RunningSender& each : senders_) each.sender->drain(timeout, Drain::All);
}

void DaemonEvents::finished() {
  for (RunningSender& each : senders_) each.sender->finished();
}

std::map<std::string, SenderStats> DaemonEvents::sender_stats() const {
  std::map<std::string, SenderStats> stats;
  for (const RunningSender& each : senders_) stats[each.options.name] = each.sender->stats();
  return stats;
}

Result<std::future<bool>> DaemonEvents::take(std::string_view json) {
  const EventReading event = read_event(json, system_clock().unix_milliseconds());
  if (!event.line) return Error{event.why};
  auto builder = queue_->obtain_builder_within(kMostPatience);
  if (!builder) return Error{"the queue takes nothing now"};
  const EventLine& line = *event.line;
  line.text.copy(builder->room().data(), line.text.size());
  builder->commit(command_, line.text.size(), 1, line.timestamp, line.timestamp);
  const auto answered = std::make_shared<std::promise<bool>>();
  auto durable = answered->get_future();
  queue_->when_durable(queue_->submit(std::move(*builder)),
                       [answered](bool accepted) { answered->set_value(accepted); });
  return durable;
}

AdminAnswer answer_once_durable(std::future<bool> durable) {
  if (durable.wait_for(kLongestWait) != std::future_status::ready) {
    return failed("it was taken, but is not on the disk yet: the disk fails or is slow");
  }
  return durable.get() ? whole_answer("ok\n") : failed("the daemon is stopping");
}

ReaderNames names_of_event_readers(const Config& config) {
  ReaderNames names;
  for (const EventDestinationConfig& each : config.event_destinations) {
    names.all.insert(each.sender.name);
  }
  names.used = names.all;
  return names;
}

Result<bool> is_about_events(const QueueRequest& request, const Config& config,
                             const std::vector<ReaderStats>& event_readers) {
  if (request.of_events) return true;
  const std::string& name = request.destination;
  const bool remembered = std::ranges::any_of(
      event_readers, [&](const ReaderStats& each) { return each.name == name; });
  const bool events =
      is_event_destination(config, name) || (remembered && !is_point_destination(config, name));
  if (request.what != QueueRequest::What::Adopt) return events;
  if (events && is_point_destination(config, request.heir)) {
    return Error{"what waits for \"" + name + "\" is events, and \"" + request.heir +
                 "\" takes points"};
  }
  if (!events && is_event_destination(config, request.heir)) {
    return Error{"what waits for \"" + name + "\" is points, and \"" + request.heir +
                 "\" takes events"};
  }
  return events;
}

}  // namespace carbon_spool
