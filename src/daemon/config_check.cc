#include "config_check.h"

#include <algorithm>
#include <map>

namespace carbon_spool {
namespace {

std::string numbered(const std::string& table, std::size_t index) {
  return table + "[" + std::to_string(index) + "]";
}

std::string numbered(const std::string& table, const ConfigPlace& place) {
  return numbered(table, place.index);
}

/// Notes an error for each name that came before.
class NameCheck {
 public:
  NameCheck(std::string table, ConfigReading& reading)
      : table_(std::move(table)), reading_(reading) {}

  void add(const std::string& name, const ConfigPlace& place) {
    if (name.empty()) return;
    const auto [first, fresh] = first_with_.try_emplace(name, place.index);
    if (fresh) return;
    reading_.error(place.line, numbered(table_, place) + ".name",
                   "expected a name of its own, found \"" + name + "\", which is that of " +
                       numbered(table_, first->second));
  }

 private:
  const std::string table_;
  ConfigReading& reading_;
  std::map<std::string, std::size_t> first_with_;
};

void check_names(const Config& config, const ConfigPlaces& places, ConfigReading& reading) {
  NameCheck inputs("input", reading);
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    inputs.add(config.inputs[i].name, places.inputs[i]);
  }
  NameCheck destinations("destination", reading);
  for (std::size_t i = 0; i < config.destinations.size(); ++i) {
    destinations.add(config.destinations[i].sender.name, places.destinations[i]);
  }
  for (std::size_t i = 0; i < config.event_destinations.size(); ++i) {
    destinations.add(config.event_destinations[i].sender.name, places.event_destinations[i]);
  }
}

void check_listened_on_once(const Config& config, const ConfigPlaces& places,
                            ConfigReading& reading) {
  std::map<std::string, std::size_t> first_on;
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    for (const Address& address : config.inputs[i].listen) {
      const bool kernel_chooses = address.path.empty() && address.port == 0;
      if (kernel_chooses) continue;
      const auto [first, fresh] = first_on.try_emplace(to_string(address), i);
      if (fresh) continue;
      reading.error(places.inputs[i].line, numbered("input", i) + ".listen",
                    "expected addresses of its own, found \"" + to_string(address) + "\", which " +
                        numbered("input", first->second) +
                        (first->second == i ? " has twice" : " listens on"));
    }
  }
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// Points sent to `to` would come back in through `from`. Finds what people do by mistake, not what
/// they might contrive.
bool leads_back(const Address& to, const Address& from) {
  if (to.transport != from.transport) return false;
  if (!to.path.empty()) return to.path == from.path;
  if (to.port != from.port || to.port == 0) return false;
  const bool any_interface = from.host == "0.0.0.0" || from.host == "::";
  return to.host == from.host || (any_interface && is_this_machine(to.host)) ||
         (is_this_machine(from.host) && to.host == "localhost");
}

void check_no_loops(const Config& config, const ConfigPlaces& places, ConfigReading& reading) {
  for (std::size_t d = 0; d < config.destinations.size(); ++d) {
    const Address& to = config.destinations[d].sender.address;
    for (std::size_t i = 0; i < config.inputs.size(); ++i) {
      for (const Address& from : config.inputs[i].listen) {
        if (!leads_back(to, from)) continue;
        reading.error(places.destinations[d].line,
                      numbered("destination", places.destinations[d]) + ".address",
                      "expected another server, found \"" + to_string(to) +
                          "\": " + numbered("input", i) + " listens there (" + to_string(from) +
                          "), points would go round in a circle");
      }
    }
  }
}

/// A packet that comes back is forwarded again, without end.
void check_no_forwarding_loops(const Config& config, const ConfigPlaces& places,
                               ConfigReading& reading) {
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    for (const Address& to : config.inputs[i].statsd.forward_to) {
      for (std::size_t other = 0; other < config.inputs.size(); ++other) {
        const bool loop = std::ranges::any_of(
            config.inputs[other].listen, [&](const Address& from) { return leads_back(to, from); });
        if (!loop) continue;
        reading.error(places.inputs[i].line, numbered("input", i) + ".forward_to",
                      "expected another server, found \"" + to_string(to) + "\", where " +
                          numbered("input", other) + " listens");
      }
    }
  }
}

/// Events go where events are taken, and nowhere else.
void check_events(const Config& config, const ConfigPlaces& places, ConfigReading& reading) {
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    const InputOptions& input = config.inputs[i];
    if (input.type != InputType::Events) continue;
    if (config.event_destinations.empty()) {
      reading.error(places.inputs[i].line, numbered("input", i) + ".type",
                    "expected a [[destination]] with type = \"graphite_events\": nobody would get "
                    "what this input takes");
    }
    for (std::size_t d = 0; d < config.event_destinations.size(); ++d) {
      const WebAddress& to = config.event_destinations[d].sender.address;
      const bool loop = std::ranges::any_of(
          input.listen, [&](const Address& from) { return leads_back(to.server, from); });
      if (!loop) continue;
      reading.error(places.event_destinations[d].line,
                    numbered("destination", places.event_destinations[d]) + ".address",
                    "expected another server, found \"" + to_string(to) + "\", where " +
                        numbered("input", i) + " listens");
    }
  }
}

void check_some_are_there(const Config& config, ConfigReading& reading) {
  const bool takes_points = std::ranges::any_of(
      config.inputs, [](const InputOptions& each) { return each.type != InputType::Events; });
  // Events can come by command alone.
  const bool of_events_only = !takes_points && !config.event_destinations.empty();
  if (config.destinations.empty() && of_events_only) return;
  if (config.inputs.empty()) reading.error(0, "input", "expected at least one [[input]]");
  if (config.destinations.empty()) {
    reading.error(0, "destination",
                  config.event_destinations.empty()
                      ? "expected at least one [[destination]]"
                      : "expected at least one [[destination]] with type = \"graphite\"");
  }
}

}  // namespace

void check_between_keys(const Config& config, const ConfigPlaces& places, ConfigReading& reading) {
  check_some_are_there(config, reading);
  check_names(config, places, reading);
  check_listened_on_once(config, places, reading);
  check_no_loops(config, places, reading);
  check_no_forwarding_loops(config, places, reading);
  check_events(config, places, reading);
}

}  // namespace carbon_spool
