#include "daemon_status.h"

#include <algorithm>
#include <cmath>

#include "daemon_events.h"
#include "describe_routing.h"
#include "refusal_note.h"

namespace carbon_spool {
namespace {

std::string name_of(WhenFull when_full) {
  switch (when_full) {
    case WhenFull::DropOldest:
      return "drop_oldest";
    case WhenFull::DropNewest:
      return "drop_newest";
    case WhenFull::Block:
      break;
  }
  return "block";
}

std::string name_of(SenderState state) {
  switch (state) {
    case SenderState::Connected:
      return "connected";
    case SenderState::Connecting:
      return "connecting";
    case SenderState::BackingOff:
      return "backing_off";
    case SenderState::Stalled:
      return "stalled";
    case SenderState::Unconfirmed:
      break;
  }
  return "unconfirmed";
}

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

QueueStatus queue_status(const QueueOptions& options, const QueueStats& stats) {
  QueueStatus status;
  status.path = options.path;
  status.points = stats.points;
  status.batches = stats.batches;
  status.bytes_on_disk = stats.bytes_on_disk;
  status.max_size_bytes = options.max_size;
  status.when_full = name_of(options.when_full);
  status.oldest_timestamp = stats.oldest_timestamp;
  status.newest_timestamp = stats.newest_timestamp;
  status.dropped_points_total = stats.dropped_points;
  status.last_error = unless_empty(stats.last_error);
  status.points_in_memory = stats.points_in_memory;
  status.set_aside = stats.set_aside;
  return status;
}

void count_refused(const RefusalCounts& refused, InputStatus& status) {
  for (std::size_t i = 0; i < refused.size(); ++i) {
    status.rejected[std::string(name_of(static_cast<Refusal>(i)))] = refused[i];
    status.rejected_total += refused[i];
  }
}

/// What the queue knows of an input.
InputStatus remembered_input(const std::string& name, const QueueStats& queue) {
  InputStatus status;
  status.name = name;
  const auto producer = std::ranges::find(queue.producers, name, &ProducerStats::name);
  if (producer != queue.producers.end()) status.points_total = producer->accepted_points;
  return status;
}

RefusalCounts remembered_refusals(const std::string& name, const QueueStats& queue) {
  const auto note = queue.notes.find(refusal_note_key(name));
  return note == queue.notes.end() ? RefusalCounts{} : from_refusal_note(note->second);
}

InputStatus input_status(const InputOptions& options, const StatusSources& sources) {
  const bool of_events = options.type == InputType::Events;
  InputStatus status = remembered_input(
      options.name, of_events ? sources.events.value_or(QueueStats()) : sources.queue);
  status.type = name_of(options.type);
  const auto running = sources.inputs.find(options.name);
  if (running == sources.inputs.end()) {
    for (const Address& address : options.listen) status.listen.push_back(to_string(address));
    count_refused(remembered_refusals(options.name, sources.queue), status);
    return status;
  }
  for (const Address& address : running->second.listening) {
    status.listen.push_back(to_string(address));
  }
  const InputStats& stats = running->second.stats;
  count_refused(stats.refused, status);
  status.connections = stats.connections;
  status.connections_refused_total = stats.connections_refused;
  status.fragments_cut_total = stats.fragments_cut;
  status.datagrams_dropped_total = stats.datagrams_dropped;
  status.points_dropped_total = stats.points_dropped;
  status.packets_unforwarded_total = stats.packets_unforwarded;
  status.failing = stats.failing;
  for (const FollowedFile& each : stats.files) {
    status.files.push_back({each.path, each.inode, each.offset, each.size});
  }
  return status;
}

/// What the queue knows of a destination or a cluster; `stats` may be null: nothing yet.
ReaderStatus reader_status(const ReaderStats* stats, std::chrono::system_clock::time_point now) {
  ReaderStatus status;
  status.dropped["cap"] = 0;
  if (stats == nullptr) return status;
  status.points_received_total = stats->received_points;
  status.points_acknowledged_total = stats->acknowledged_points;
  status.points_routed_elsewhere_total = stats->routed_elsewhere_points;
  status.points_pending = stats->pending_points;
  status.points_pending_is_upper_bound = (stats->selective && stats->unsent_points > 0) ||
                                         (stats->divided && stats->pending_points > 0);
  status.points_unconfirmed = stats->unconfirmed_points;
  status.points_live = stats->unsent_points - stats->backlog_points;
  status.points_backlog = stats->backlog_points;
  status.points_kept = stats->kept_points;
  for (const auto& [reason, points] : stats->dropped_points) {
    status.dropped[reason] = points;
    status.points_dropped_total += points;
  }
  status.last_drop_at = stats->last_drop_at;
  status.oldest_pending_timestamp = stats->oldest_pending_timestamp;
  if (stats->oldest_unsent_accepted_at) {
    const Milliseconds accepted(*stats->oldest_unsent_accepted_at);
    const auto waited = std::chrono::duration_cast<Seconds>(now.time_since_epoch() - accepted);
    status.oldest_unsent_seconds = std::max<std::int64_t>(waited.count(), 0);
  }
  status.points_sent_total = stats->sent_points;
  status.points_resent_total = stats->resent_points;
  return status;
}

std::optional<std::int64_t> seconds_to_catch_up(std::uint64_t unsent_points, double per_second) {
  // Beyond this it is no forecast, and a rate that fades out would overflow the number.
  constexpr double kNever = 365.0 * 86400;
  if (unsent_points == 0 || per_second <= 0) return std::nullopt;
  const double seconds = std::ceil(static_cast<double>(unsent_points) / per_second);
  if (seconds > kNever) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

const ReaderStats* find_reader(const QueueStats& queue, const std::string& name) {
  const auto found = std::ranges::find(queue.readers, name, &ReaderStats::name);
  return found == queue.readers.end() ? nullptr : &*found;
}

/// What it took from readers that it shares counts as received and acknowledged once it is; what
/// others took in its place was acknowledged all the same.
void count_takers(const QueueStats& queue, DestinationStatus& status) {
  for (const ReaderStats& reader : queue.readers) {
    for (const auto& [taker, did] : reader.takers) {
      if (reader.name == status.name && taker != status.name) {
        status.points_rerouted_total += did.acknowledged_points;
      }
      if (reader.name == status.name || taker != status.name) continue;
      status.points_received_total += did.acknowledged_points;
      status.points_acknowledged_total += did.acknowledged_points;
      status.points_sent_total += did.sent_points;
    }
  }
}

/// What its sender says of it, where one runs.
void add_sender(const StatusSources& sources, DestinationStatus& status) {
  status.state = "stopped";
  const auto sender = sources.senders.find(status.name);
  if (sender == sources.senders.end()) return;
  const SenderStats& numbers = sender->second;
  status.state = name_of(numbers.state);
  status.since = numbers.since;
  status.points_per_second = numbers.points_per_second;
  status.backlog_points_per_second = numbers.backlog_points_per_second;
  // New points do not make a backlog any smaller.
  status.seconds_to_catch_up =
      status.points_backlog > 0
          ? seconds_to_catch_up(status.points_backlog, numbers.backlog_points_per_second)
          : seconds_to_catch_up(status.points_live, numbers.points_per_second);
  status.reconnects_total = numbers.reconnects;
  status.last_error = unless_empty(numbers.last_error);
}

DestinationStatus destination_status(const SenderOptions& options, const StatusSources& sources) {
  DestinationStatus status;
  static_cast<ReaderStatus&>(status) =
      reader_status(find_reader(sources.queue, options.name), sources.now);
  status.name = options.name;
  status.address = to_string(options.address);
  count_takers(sources.queue, status);
  add_sender(sources, status);
  return status;
}

/// Of events; `name` has a position in their queue, or none yet.
DestinationStatus event_status(const std::string& name, const StatusSources& sources) {
  DestinationStatus status;
  status.type = kEventDestinationType;
  status.name = name;
  status.state = "orphan";
  const ReaderStats* const reader = sources.events ? find_reader(*sources.events, name) : nullptr;
  static_cast<ReaderStatus&>(status) = reader_status(reader, sources.now);
  // What is set aside of events is what a server refused.
  if (const auto refused = status.dropped.extract("poison"); !refused.empty()) {
    status.dropped["refused"] = refused.mapped();
  }
  return status;
}

/// What the queue of events has beside what the configuration names.
void add_event_orphans(const StatusSources& sources, Status& status) {
  for (const ProducerStats& producer : sources.events->producers) {
    const bool named = std::ranges::any_of(sources.config.inputs, [&](const InputOptions& each) {
      return each.type == InputType::Events && each.name == producer.name;
    });
    const bool by_command = producer.name == kEventCommandProducer;
    if (named || (by_command && producer.accepted_points == 0)) continue;
    InputStatus input = remembered_input(producer.name, *sources.events);
    input.type = by_command ? "command" : "orphan";
    count_refused(remembered_refusals(producer.name, sources.queue), input);
    status.inputs.push_back(std::move(input));
  }
  for (const ReaderStats& reader : sources.events->readers) {
    const auto& known = sources.config.event_destinations;
    const bool named = std::ranges::any_of(
        known, [&](const auto& each) { return each.sender.name == reader.name; });
    if (!named) status.destinations.push_back(event_status(reader.name, sources));
  }
}

void add_events(const StatusSources& sources, Status& status) {
  for (const EventDestinationConfig& each : sources.config.event_destinations) {
    DestinationStatus destination = event_status(each.sender.name, sources);
    destination.address = to_string(each.sender.address);
    add_sender(sources, destination);
    status.destinations.push_back(std::move(destination));
  }
  if (!sources.events) return;
  const QueueStats& events = *sources.events;
  QueueStatus& queue = status.queue;
  queue.events = events.points;
  queue.bytes_on_disk += events.bytes_on_disk;
  queue.dropped_points_total += events.dropped_points;
  if (!queue.last_error && !events.last_error.empty()) {
    queue.last_error = "events: " + events.last_error;
  }
  for (const std::string& each : events.set_aside) queue.set_aside.push_back("events: " + each);
  queue.points_in_memory += events.points_in_memory;
}

void add_orphans(const StatusSources& sources, Status& status) {
  for (const ProducerStats& producer : sources.queue.producers) {
    const bool named = std::ranges::any_of(sources.config.inputs, [&](const InputOptions& each) {
      return each.type != InputType::Events && each.name == producer.name;
    });
    if (named) continue;
    InputStatus input = remembered_input(producer.name, sources.queue);
    input.type = "orphan";
    count_refused(remembered_refusals(producer.name, sources.queue), input);
    status.inputs.push_back(std::move(input));
  }
  for (const ReaderStats& reader : sources.queue.readers) {
    const bool of_destination = std::ranges::any_of(
        sources.config.destinations,
        [&](const DestinationConfig& each) { return each.sender.name == reader.name; });
    // A cluster that is hashed now does not go on with what waits from when it shared a reader.
    const bool of_cluster = std::ranges::any_of(status.clusters, [&](const ClusterStatus& each) {
      return each.name == reader.name && each.reader;
    });
    if (of_destination || of_cluster) continue;
    DestinationStatus destination;
    static_cast<ReaderStatus&>(destination) = reader_status(&reader, sources.now);
    destination.name = reader.name;
    destination.state = "orphan";
    status.destinations.push_back(std::move(destination));
  }
}

void add_clusters(const RoutingTable& routing, const StatusSources& sources, Status& status) {
  for (const ClusterOptions& each : routing.options().clusters) {
    ClusterStatus cluster{each.name, name_of(each.select), each.members, {}};
    if (shares_a_reader(each.select)) {
      cluster.reader = reader_status(find_reader(sources.queue, each.name), sources.now);
    }
    status.clusters.push_back(std::move(cluster));
  }
}

}  // namespace

Status make_status(const StatusSources& sources) {
  Status status;
  status.queue = queue_status(sources.config.queue, sources.queue);
  for (const InputOptions& input : sources.config.inputs) {
    status.inputs.push_back(input_status(input, sources));
  }
  for (const DestinationConfig& destination : sources.config.destinations) {
    status.destinations.push_back(destination_status(destination.sender, sources));
  }
  if (sources.config.routing) add_clusters(*sources.config.routing, sources, status);
  add_events(sources, status);
  add_orphans(sources, status);
  if (sources.events) add_event_orphans(sources, status);
  return status;
}

}  // namespace carbon_spool
