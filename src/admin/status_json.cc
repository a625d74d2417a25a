#include <cmath>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "carbon_spool/admin/status.h"

namespace carbon_spool {
namespace {

// Keeps the keys in the order in which they are written.
using Json = nlohmann::ordered_json;

template <class T, class Plain>
concept Is = std::is_same_v<std::remove_const_t<T>, Plain>;

// The keys, once for both directions. They are a promise to scripts: none may change or go.

template <Is<QueueStatus> T, class Field>
void each_field(T& queue, const Field& field) {
  field("points", queue.points);
  field("batches", queue.batches);
  field("bytes_on_disk", queue.bytes_on_disk);
  field("max_size_bytes", queue.max_size_bytes);
  field("when_full", queue.when_full);
  field("oldest_timestamp", queue.oldest_timestamp);
  field("newest_timestamp", queue.newest_timestamp);
  field("dropped_points_total", queue.dropped_points_total);
  field("path", queue.path);
  field("last_error", queue.last_error);
  field("points_in_memory", queue.points_in_memory);
  field("set_aside", queue.set_aside);
  field("events", queue.events);
}

template <Is<FileStatus> T, class Field>
void each_field(T& file, const Field& field) {
  field("path", file.path);
  field("inode", file.inode);
  field("offset", file.offset);
  field("size", file.size);
}

template <Is<InputStatus> T, class Field>
void each_field(T& input, const Field& field) {
  field("name", input.name);
  field("type", input.type);
  field("listen", input.listen);
  field("connections", input.connections);
  field("points_total", input.points_total);
  field("rejected_total", input.rejected_total);
  field("rejected", input.rejected);
  field("connections_refused_total", input.connections_refused_total);
  field("fragments_cut_total", input.fragments_cut_total);
  field("datagrams_dropped_total", input.datagrams_dropped_total);
  field("points_dropped_total", input.points_dropped_total);
  field("packets_unforwarded_total", input.packets_unforwarded_total);
  field("failing", input.failing);
  field("files", input.files);
}

template <Is<DestinationStatus> T, class Field>
void each_field(T& destination, const Field& field) {
  field("name", destination.name);
  field("address", destination.address);
  field("state", destination.state);
  field("since", destination.since);
  field("points_received_total", destination.points_received_total);
  field("points_acknowledged_total", destination.points_acknowledged_total);
  field("points_routed_elsewhere_total", destination.points_routed_elsewhere_total);
  field("points_pending", destination.points_pending);
  field("points_unconfirmed", destination.points_unconfirmed);
  field("points_dropped_total", destination.points_dropped_total);
  field("dropped", destination.dropped);
  field("oldest_pending_timestamp", destination.oldest_pending_timestamp);
  field("points_sent_total", destination.points_sent_total);
  field("points_resent_total", destination.points_resent_total);
  field("points_per_second", destination.points_per_second);
  field("seconds_to_catch_up", destination.seconds_to_catch_up);
  field("reconnects_total", destination.reconnects_total);
  field("last_error", destination.last_error);
  field("last_drop_at", destination.last_drop_at);
  field("oldest_unsent_seconds", destination.oldest_unsent_seconds);
  field("points_live", destination.points_live);
  field("points_backlog", destination.points_backlog);
  field("points_kept", destination.points_kept);
  field("backlog_points_per_second", destination.backlog_points_per_second);
  field("points_pending_is_upper_bound", destination.points_pending_is_upper_bound);
  field("points_rerouted_total", destination.points_rerouted_total);
  field("type", destination.type);
}

template <Is<ReaderStatus> T, class Field>
void each_field(T& reader, const Field& field) {
  field("points_received_total", reader.points_received_total);
  field("points_acknowledged_total", reader.points_acknowledged_total);
  field("points_routed_elsewhere_total", reader.points_routed_elsewhere_total);
  field("points_pending", reader.points_pending);
  field("points_pending_is_upper_bound", reader.points_pending_is_upper_bound);
  field("points_unconfirmed", reader.points_unconfirmed);
  field("points_live", reader.points_live);
  field("points_backlog", reader.points_backlog);
  field("points_kept", reader.points_kept);
  field("points_dropped_total", reader.points_dropped_total);
  field("dropped", reader.dropped);
  field("last_drop_at", reader.last_drop_at);
  field("oldest_pending_timestamp", reader.oldest_pending_timestamp);
  field("oldest_unsent_seconds", reader.oldest_unsent_seconds);
  field("points_sent_total", reader.points_sent_total);
  field("points_resent_total", reader.points_resent_total);
}

template <Is<ClusterStatus> T, class Field>
void each_field(T& cluster, const Field& field) {
  field("name", cluster.name);
  field("select", cluster.select);
  field("members", cluster.members);
  field("reader", cluster.reader);
}

template <Is<Status> T, class Field>
void each_field(T& status, const Field& field) {
  field("version", status.version);
  field("state", status.state);
  field("pid", status.pid);
  field("uptime_seconds", status.uptime_seconds);
  field("queue", status.queue);
  field("inputs", status.inputs);
  field("destinations", status.destinations);
  field("last_reload_error", status.last_reload_error);
  field("clusters", status.clusters);
}

template <class T>
concept HasFields = Is<T, Status> || Is<T, QueueStatus> || Is<T, InputStatus> ||
    Is<T, FileStatus> || Is<T, DestinationStatus> || Is<T, ReaderStatus> || Is<T, ClusterStatus>;

template <class T>
Json write(const T& value) {
  return value;
}

// One digit is more than a smoothed rate can say.
Json write(const double& value) {
  return std::round(value * 10) / 10;
}

template <HasFields T>
Json write(const T& value);

template <class T>
Json write(const std::optional<T>& value) {
  return value ? write(*value) : Json(nullptr);
}

// An empty one is `{}`, not null.
template <class T>
Json write(const std::map<std::string, T>& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

template <HasFields T>
Json write(const std::vector<T>& values);

template <HasFields T>
Json write(const T& value) {
  Json object = Json::object();
  each_field(value, [&](const char* key, const auto& each) { object[key] = write(each); });
  return object;
}

template <HasFields T>
Json write(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& each : values) array.push_back(write(each));
  return array;
}

template <class T>
void read(const Json& json, T& value) {
  json.get_to(value);
}

template <HasFields T>
void read(const Json& json, T& value);

template <class T>
void read(const Json& json, std::optional<T>& value) {
  read(json, value.emplace());
}

template <HasFields T>
void read(const Json& json, std::vector<T>& values);

// Keys that a newer daemon has are passed over, those that an older one lacks keep their defaults.
template <HasFields T>
void read(const Json& json, T& value) {
  const auto& object = json.get_ref<const Json::object_t&>();
  each_field(value, [&](const char* key, auto& each) {
    const auto found = object.find(key);
    if (found != object.end() && !found->second.is_null()) read(found->second, each);
  });
}

template <HasFields T>
void read(const Json& json, std::vector<T>& values) {
  for (const Json& each : json.get_ref<const Json::array_t&>()) read(each, values.emplace_back());
}

}  // namespace

std::string to_json(const Status& status) {
  const Json json = write(status);
  // A path or a message of the system may be anything; JSON is UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Status> status_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Status status;
    read(json, status);
    return status;
  } catch (const Json::exception& problem) {
    return Error{problem.what()}.in("not a status");
  }
}

}  // namespace carbon_spool
