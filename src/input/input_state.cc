#include "input_state.h"

#include "socket_address.h"

namespace carbon_spool {
namespace {

/// `3 (no_value 1, bad_value 2)`
std::string describe(const RefusalCounts& counts) {
  std::uint64_t total = 0;
  std::string reasons;
  for (std::size_t index = 0; index < counts.size(); ++index) {
    if (counts[index] == 0) continue;
    total += counts[index];
    if (!reasons.empty()) reasons += ", ";
    reasons +=
        std::string(name_of(static_cast<Refusal>(index))) + " " + std::to_string(counts[index]);
  }
  return std::to_string(total) + " (" + reasons + ")";
}

}  // namespace

InputState::InputState(const InputOptions& input_options, ProducerId input_producer,
                       PointSink& point_sink, const Clock& input_clock,
                       const RefusalCounts& refused_before)
    : name(input_options.name),
      type(input_options.type),
      max_connections(input_options.max_connections),
      producer(input_producer),
      sink(point_sink),
      clock(input_clock) {
  for (std::size_t index = 0; index < refused.size(); ++index) {
    refused[index] = refused_before[index];
  }
}

void InputState::count_refused(const RefusalCounts& counts, std::string_view sample,
                               std::string_view peer) {
  for (std::size_t index = 0; index < counts.size(); ++index) {
    if (counts[index] != 0) refused[index].fetch_add(counts[index], std::memory_order_relaxed);
  }
  refused_log_.log(LogLevel::Warning, "input " + name + ": refused from " + std::string(peer) +
                                          ": " + describe(counts) + ", such as " +
                                          quote_for_log(sample));
}

void InputState::count_connection_refused(std::string_view peer, std::string_view reason) {
  connections_refused.fetch_add(1, std::memory_order_relaxed);
  connection_log_.log(LogLevel::Warning, "input " + name + ": refused a connection of " +
                                             std::string(peer) + ": " + std::string(reason));
}

bool InputState::has_room_for(int socket) {
  const std::uint32_t most = max_connections.load();
  if (connections.count() < most) return true;
  count_connection_refused(peer_name(socket), "there are as many as max_connections (" +
                                                  std::to_string(most) + ") allows");
  return false;
}

void InputState::count_fragment_cut(std::string_view peer) {
  fragments_cut.fetch_add(1, std::memory_order_relaxed);
  fragment_log_.log(
      LogLevel::Warning,
      "input " + name + ": closed the connection of " + std::string(peer) +
          ": what is unfinished takes too much memory, and its part of it is the oldest");
}

void InputState::count_points_dropped(std::uint64_t points, std::string_view what,
                                      std::string_view reason) {
  points_dropped.fetch_add(points, std::memory_order_relaxed);
  dropped_log_.log(LogLevel::Warning, "input " + name + ": dropped " + std::to_string(points) +
                                          " points of " + std::string(what) + ": " +
                                          std::string(reason));
}

void InputState::log_trouble(std::string_view text) {
  trouble_log_.log(LogLevel::Error, "input " + name + ": " + std::string(text));
}

void InputState::log_not_listening(const Address& address) {
  log_trouble("the kernel cannot watch any more sockets: not listening on " + to_string(address));
}

void InputState::log_failures(const std::map<std::string, std::string>& before,
                              const std::map<std::string, std::string>& now) {
  for (const auto& [what, why] : now) {
    if (!before.contains(what)) log_trouble(std::string(what).append(": ").append(why));
  }
  for (const auto& [what, why] : before) {
    if (!now.contains(what)) log(LogLevel::Info, "input " + name + ": " + what + " works again");
  }
}

InputStats InputState::stats() const {
  InputStats stats;
  stats.connections = connections.count();
  for (std::size_t index = 0; index < stats.refused.size(); ++index) {
    stats.refused[index] = refused[index].load(std::memory_order_relaxed);
  }
  stats.connections_refused = connections_refused.load(std::memory_order_relaxed);
  stats.fragments_cut = fragments_cut.load(std::memory_order_relaxed);
  stats.datagrams_dropped = datagrams_dropped.load(std::memory_order_relaxed);
  stats.points_dropped = points_dropped.load(std::memory_order_relaxed);
  stats.packets_unforwarded = packets_unforwarded.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace carbon_spool
