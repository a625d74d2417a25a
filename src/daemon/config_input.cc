#include "config_input.h"

#include <algorithm>
#include <array>

#include "config_host.h"
#include "config_statsd.h"
#include "config_tail.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kMostConnections = 1'000'000;

void read_sockets(ConfigTable& table, InputOptions& input) {
  using enum Address::Transport;
  table.integer("max_connections", 1, kMostConnections, input.max_connections);
  table.addresses("listen", input.listen);
  if (takes_datagrams(input.type)) return;
  for (const Address& each : input.listen) {
    if (each.transport == Tcp || each.transport == UnixStream) continue;
    table.error("listen", "expected tcp:// or unix:// (" + std::string(name_of(input.type)) +
                              " comes in streams), found \"" + to_string(each) + "\"");
  }
}

void read_graphite(ConfigTable& table, InputOptions& input) {
  using enum Address::Transport;
  input.listen = {{Tcp, "0.0.0.0", 2003, ""}, {Udp, "0.0.0.0", 2003, ""}};
  read_sockets(table, input);
}

void read_pickle(ConfigTable& table, InputOptions& input) {
  input.listen = {{Address::Transport::Tcp, "0.0.0.0", 2004, ""}};
  read_sockets(table, input);
}

/// Few send events, and each client has room for one.
constexpr std::uint32_t kDefaultEventConnections = 256;

void read_events(ConfigTable& table, InputOptions& input) {
  input.listen = {{Address::Transport::Tcp, "127.0.0.1", 2080, ""}};
  input.max_connections = kDefaultEventConnections;
  read_sockets(table, input);
  table.duration("idle_timeout", input.idle_timeout);
}

/// A type, and what reads its keys beside `name` and `type`.
struct TypeKeys {
  InputType type;
  void (*read)(ConfigTable& table, InputOptions& input);
};

constexpr std::array kTypes = {
    TypeKeys{InputType::Graphite, read_graphite}, TypeKeys{InputType::Pickle, read_pickle},
    TypeKeys{InputType::Statsd, read_statsd},     TypeKeys{InputType::Host, read_host},
    TypeKeys{InputType::Tail, read_tail},         TypeKeys{InputType::Events, read_events},
};

}  // namespace

InputOptions read_input(ConfigTable table) {
  InputOptions input;
  std::string_view type = name_of(input.type);
  table.choice<std::string_view>("type",
                                 {{"graphite", "graphite"},
                                  {"pickle", "pickle"},
                                  {"statsd", "statsd"},
                                  {"tail", "tail"},
                                  {"host", "host"},
                                  {"events", "events"}},
                                 type);
  input.name = type;
  table.name("name", input.name);
  const auto known = std::ranges::find_if(
      kTypes, [&](const TypeKeys& each) { return name_of(each.type) == type; });
  input.type = known->type;
  known->read(table, input);
  table.finish();
  return input;
}

}  // namespace carbon_spool
