#include "carbon_spool/daemon/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "carbon_spool/base/socket_file.h"

#include "config_check.h"
#include "config_input.h"
#include "config_routing.h"
#include "config_table.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kMostThreads = 64;
constexpr std::uint64_t kLeastBacklog = 1ull << 20;
constexpr std::uint64_t kLeastMemory = 1ull << 20;
constexpr std::uint64_t kDefaultResendWindowOfKernel = 8ull << 20;

void read_sync(ConfigTable& table, SyncPolicy& target) {
  constexpr std::string_view kExpected =
      R"(expected "always", "never" or a duration, such as "1s")";
  const auto found = table.text("sync", kExpected);
  if (!found) return;
  if (*found == "always") {
    target.kind = SyncPolicy::Kind::Always;
  } else if (*found == "never") {
    target.kind = SyncPolicy::Kind::Never;
  } else if (const auto interval = parse_duration(*found);
             interval && interval.value() > Milliseconds::zero()) {
    target = {SyncPolicy::Kind::Interval, interval.value()};
  } else {
    table.error("sync", std::string(kExpected) + ", found " + quote_for_log(*found));
  }
}

void read_queue(ConfigTable table, QueueOptions& queue) {
  if (const auto path = table.text("path", "expected the path of a folder")) {
    if (path->empty()) table.error("path", "expected the path of a folder, found \"\"");
    queue.path = *path;
  }
  table.size("max_size", kMinQueueSize, queue.max_size);
  table.choice<WhenFull>("when_full",
                         {{"drop_oldest", WhenFull::DropOldest},
                          {"drop_newest", WhenFull::DropNewest},
                          {"block", WhenFull::Block}},
                         queue.when_full);
  read_sync(table, queue.sync);
  table.duration_or_unlimited("max_age", queue.max_age);
  table.size("min_free_disk", 0, queue.min_free_disk);
  table.finish();
}

void read_destination_address(ConfigTable& table, Address& target) {
  constexpr std::string_view kExpected =
      R"(expected an address, such as "tcp://graphite.example.com:2003")";
  if (table.take("address") == nullptr) {
    return table.error("address", std::string(kExpected) + "; this key has no default");
  }
  const auto found = table.text("address", kExpected);
  if (!found) return;
  const Result<Address> address = parse_address(*found);
  if (!address) return table.error("address", address.error().message);
  const Address::Transport transport = address.value().transport;
  if (transport != Address::Transport::Tcp && transport != Address::Transport::UnixStream) {
    return table.error(
        "address",
        "expected tcp:// or unix:// (datagrams cannot be confirmed), found \"" + *found + "\"");
  }
  if (transport == Address::Transport::Tcp && address.value().port == 0) {
    return table.error("address", "expected a port from 1 to 65535, found \"" + *found + "\"");
  }
  target = address.value();
}

// The host, or the file name of a Unix socket. Empty without an address.
std::string default_name(const Address& address) {
  std::string name = address.host;
  if (name.empty()) name = address.path.substr(address.path.rfind('/') + 1);
  name = name.substr(0, kLongestName);
  std::ranges::replace_if(
      name, [](char c) { return !is_name_byte(c); }, '-');
  return name;
}

void read_resend_window(ConfigTable& table, Acknowledge acknowledge, ReaderOptions& target) {
  constexpr std::string_view kExpected =
      R"(expected a duration, such as "10m", or a size, such as "8MiB")";
  target.keep_acknowledged_bytes =
      acknowledge == Acknowledge::Kernel ? kDefaultResendWindowOfKernel : 0;
  const auto found = table.text("resend_window", kExpected);
  if (!found) return;
  target.keep_acknowledged_bytes = 0;
  if (const auto size = parse_size(*found)) {
    target.keep_acknowledged_bytes = size.value();
  } else if (const auto duration = parse_duration(*found)) {
    target.keep_acknowledged_for = duration.value();
  } else {
    table.error("resend_window", std::string(kExpected) + ", found " + quote_for_log(*found));
  }
}

constexpr std::string_view kPoints = "graphite";
constexpr std::string_view kEvents = "graphite_events";

std::string_view read_destination_type(ConfigTable& table) {
  std::string_view type = kPoints;
  table.choice<std::string_view>("type", {{kPoints, kPoints}, {kEvents, kEvents}}, type);
  return type;
}

void read_web_address(ConfigTable& table, WebAddress& target) {
  constexpr std::string_view kExpected =
      R"(expected an address, such as "http://graphite.example.com:8080")";
  if (table.take("address") == nullptr) {
    return table.error("address", std::string(kExpected) + "; this key has no default");
  }
  const auto found = table.text("address", kExpected);
  if (!found) return;
  const Result<WebAddress> address = parse_web_address(*found);
  if (!address) return table.error("address", address.error().message);
  target = address.value();
}

void read_start(ConfigTable& table, ReaderOptions& target) {
  table.choice<ReaderStart>("start", {{"live", ReaderStart::Live}, {"oldest", ReaderStart::Oldest}},
                            target.start);
}

EventDestinationConfig read_event_destination(ConfigTable& table) {
  EventDestinationConfig destination;
  EventSenderOptions& sender = destination.sender;
  read_web_address(table, sender.address);
  sender.name = default_name(sender.address.server);
  table.name("name", sender.name);
  read_start(table, destination.reader);
  table.duration("connect_timeout", sender.connect_timeout);
  table.duration("confirm_timeout", sender.confirm_timeout);
  table.duration("backoff_max", sender.backoff_max);
  table.size_or_unlimited("max_backlog", kLeastBacklog, destination.reader.max_backlog);
  table.finish();
  return destination;
}

DestinationConfig read_destination(ConfigTable& table) {
  DestinationConfig destination;
  SenderOptions& sender = destination.sender;
  read_destination_address(table, sender.address);
  sender.name = default_name(sender.address);
  table.name("name", sender.name);
  table.choice<Acknowledge>("acknowledge",
                            {{"close", Acknowledge::Close}, {"kernel", Acknowledge::Kernel}},
                            sender.acknowledge);
  table.duration("confirm_every", sender.confirm_every);
  table.size("confirm_bytes", 1, sender.confirm_bytes);
  table.duration("confirm_timeout", sender.confirm_timeout);
  read_resend_window(table, sender.acknowledge, destination.reader);
  table.choice<Replay>("replay",
                       {{"live_first", Replay::LiveFirst}, {"oldest_first", Replay::OldestFirst}},
                       sender.replay);
  read_start(table, destination.reader);
  table.duration("connect_timeout", sender.connect_timeout);
  table.duration("backoff_max", sender.backoff_max);
  table.duration("stall_timeout", sender.stall_timeout);
  table.rate_or_unlimited("replay_rate", sender.replay_rate);
  read_place_in_routing(table, destination);
  table.size_or_unlimited("max_backlog", kLeastBacklog, destination.reader.max_backlog);
  table.finish();
  return destination;
}

void read_daemon(ConfigTable table, Config& config) {
  table.integer("threads", 1, kMostThreads, config.threads);
  table.duration("shutdown_timeout", config.shutdown_timeout);
  table.size("memory_limit", kLeastMemory, config.queue.memory_limit);
  table.finish();
}

void read_admin(ConfigTable table, Config& config) {
  if (const auto path = table.text("socket", "expected the path of a socket")) {
    const Result<sockaddr_un> address = unix_address(*path);
    if (path->empty()) {
      table.error("socket", "expected the path of a socket, found \"\"");
    } else if (!address) {
      table.error("socket", address.error().message);
    } else {
      config.admin_socket = *path;
    }
  }
  table.not_yet("listen", std::nullopt);
  table.finish();
}

void read_log(ConfigTable table, Config& config) {
  table.choice<LogLevel>("level",
                         {{"debug", LogLevel::Debug},
                          {"info", LogLevel::Info},
                          {"warning", LogLevel::Warning},
                          {"error", LogLevel::Error}},
                         config.log_level);
  table.finish();
}

ConfigTable section(ConfigTable& root, const std::string& name, ConfigReading& reading) {
  static const toml::value empty(toml::table{});
  const toml::value* const found = root.table(name);
  return {found == nullptr ? empty : *found, name, reading};
}

void check_room_for_events(ConfigTable& root, const Config& config, ConfigReading& reading) {
  if (!uses_events(config) || config.queue.max_size >= kMinSizeWithEvents) return;
  ConfigTable queue = section(root, "queue", reading);
  queue.error("max_size", "expected at least " + format_size(kMinSizeWithEvents) +
                              ", of which the queue of events takes " +
                              format_size(kEventQueueSize) + ", found " +
                              format_size(config.queue.max_size));
}

Config read_root(const toml::value& document, ConfigReading& reading) {
  Config config;
  ConfigPlaces places;
  ConfigTable root(document, "", reading);
  read_queue(section(root, "queue", reading), config.queue);
  for (const toml::value* each : root.tables("input")) {
    const std::string name = "input[" + std::to_string(config.inputs.size()) + "]";
    ConfigTable table(*each, name, reading);
    places.inputs.push_back({table.line(), places.inputs.size()});
    config.inputs.push_back(read_input(std::move(table)));
  }
  std::vector<ConfigTable> destinations;
  for (const toml::value* each : root.tables("destination")) {
    const std::size_t index = places.destinations.size() + places.event_destinations.size();
    ConfigTable table(*each, "destination[" + std::to_string(index) + "]", reading);
    const ConfigPlace place{table.line(), index};
    if (read_destination_type(table) == kEvents) {
      places.event_destinations.push_back(place);
      config.event_destinations.push_back(read_event_destination(table));
      continue;
    }
    destinations.push_back(std::move(table));
    places.destinations.push_back(place);
    config.destinations.push_back(read_destination(destinations.back()));
  }
  check_room_for_events(root, config, reading);
  read_daemon(section(root, "daemon", reading), config);
  read_admin(section(root, "admin", reading), config);
  read_log(section(root, "log", reading), config);
  check_between_keys(config, places, reading);
  read_routing(root, section(root, "routing", reading), destinations, config, reading);
  root.finish();
  return config;
}

// toml11 writes "[error] toml::where_in_it: what" and then lines of source with remarks, the last
// of which ("^--- expected newline") says most.
std::string in_one_line(const std::string& complaint) {
  std::string what = complaint.substr(0, complaint.find('\n'));
  if (what.starts_with("[error] ")) what.erase(0, 8);
  const std::size_t colon = what.find(": ");
  if (colon != std::string::npos && what.find(' ') > colon) what.erase(0, colon + 2);
  std::string remark;
  std::istringstream lines(complaint);
  for (std::string line; std::getline(lines, line);) {
    for (const std::string_view pointer : {"^--- ", "~~~ "}) {
      const std::size_t found = line.rfind(pointer);
      if (found != std::string::npos) remark = line.substr(found + pointer.size());
    }
  }
  if (!remark.empty() && remark != "here") what += " (" + remark + ")";
  return "not valid TOML: " + what;
}

/// Reads the text; the keys that exist stay in `reading`.
Config read_text(std::string_view text, ConfigReading& reading) {
  try {
    std::istringstream stream{std::string(text)};
    return read_root(toml::parse(stream, reading.file), reading);
  } catch (const toml::exception& exception) {
    reading.error(exception.location().line(), "", in_one_line(exception.what()));
  } catch (const std::exception& exception) {
    reading.error(0, "", in_one_line(exception.what()));
  }
  return {};
}

}  // namespace

std::uint64_t confirm_bytes_in_force(const QueueOptions& queue, const SenderOptions& sender) {
  return std::min(sender.confirm_bytes, queue.max_size / 16);
}

bool uses_events(const Config& config) {
  return !config.event_destinations.empty() ||
         std::ranges::any_of(config.inputs, [](const InputOptions& each) {
           return each.type == InputType::Events;
         });
}

bool has_event_queue(const Config& config) {
  // What an earlier configuration left there is shown, and takes its part of the cap.
  std::error_code unknown;
  return uses_events(config) ||
         std::filesystem::exists(event_queue(config).path + "/CURRENT", unknown);
}

QueueOptions point_queue(const Config& config, bool beside_events) {
  QueueOptions options = config.queue;
  if (!beside_events) return options;
  options.max_size = std::max(options.max_size, kMinSizeWithEvents) - kEventQueueSize;
  return options;
}

QueueOptions event_queue(const Config& config) {
  // Of events there are few.
  constexpr std::uint64_t kMemoryForNewest = 1ull << 20;
  constexpr std::uint64_t kMostMemory = 8ull << 20;
  QueueOptions options = config.queue;
  options.path += "/events";
  options.max_size = kEventQueueSize;
  options.memory_for_newest = kMemoryForNewest;
  options.memory_limit = std::min(options.memory_limit, kMostMemory);
  options.join_small = false;
  return options;
}

std::string to_string(const ConfigError& error) {
  std::string text = error.file;
  if (error.line > 0) text += ":" + std::to_string(error.line);
  if (!error.key.empty()) text += ": " + error.key;
  return text + ": " + error.message;
}

LoadedConfig parse_config(std::string_view text, const std::string& file) {
  ConfigReading reading{file, {}, {}};
  LoadedConfig loaded;
  loaded.config = read_text(text, reading);
  loaded.errors = std::move(reading.errors);
  std::ranges::stable_sort(loaded.errors, {}, &ConfigError::line);
  return loaded;
}

LoadedConfig load_config(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return {{}, {{file, 0, "", std::string("cannot be read: ") + std::strerror(errno)}}};
  std::ostringstream text;
  if (stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  // A folder opens like a file.
  if (stream.bad()) return {{}, {{file, 0, "", "cannot be read; expected a file"}}};
  return parse_config(text.str(), file);
}

std::set<std::string> known_config_keys() {
  ConfigReading reading{"", {}, {}};
  static_cast<void>(
      read_text("[[input]]\n[[input]]\ntype = 'statsd'\n[[input]]\ntype = 'host'\n"
                "[[input]]\ntype = 'tail'\nparser = 'bpftrace'\n"
                "[[input]]\ntype = 'tail'\nparser = 'log4j'\n"
                "[[input]]\ntype = 'tail'\nparser = 'json'\n"
                "[[input]]\ntype = 'tail'\nparser = 'metric'\n"
                "[[input]]\ntype = 'tail'\nparser = 'regex'\n[[input.metric]]\n"
                "[[input]]\ntype = 'events'\n[[destination]]\ntype = 'graphite_events'\n"
                "[[destination]]\n[[cluster]]\n[[route]]\n[[rewrite]]\n",
                reading));
  return std::move(reading.known_keys);
}

}  // namespace carbon_spool
