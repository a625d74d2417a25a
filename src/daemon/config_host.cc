#include "config_host.h"

#include <algorithm>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

constexpr Seconds kLongestInterval{86400};

}  // namespace

void read_whole_seconds(ConfigTable& table, const std::string& key, Seconds& target) {
  Milliseconds interval = target;
  table.duration(key, interval);
  if (interval % Seconds(1) != Milliseconds(0) || interval > kLongestInterval) {
    return table.error(
        key, "expected whole seconds, at most \"1d\", found \"" + format_duration(interval) + "\"");
  }
  target = std::chrono::duration_cast<Seconds>(interval);
}

void read_hostname(ConfigTable& table, HostnameOptions& target) {
  if (const auto found = table.text("hostname", "expected a name")) target.hostname = *found;
  const std::string expected =
      "expected \"smart\", \"fqdn_short\", \"fqdn\", \"fqdn_rev\", \"uname_short\", \"uname_rev\", "
      "\"hostname\", \"hostname_short\", \"hostname_rev\", \"shell\" or \"none\"";
  const auto found = table.text("hostname_method", expected);
  if (!found) return;
  const auto method = hostname_method_named(*found);
  if (!method) {
    return table.error("hostname_method", expected + ", found " + quote_for_log(*found));
  }
  if (*method == HostnameMethod::Shell && target.hostname.empty()) {
    return table.error("hostname_method", "\"shell\" needs a command in hostname");
  }
  target.method = *method;
}

namespace {

void read_collectors(ConfigTable& table, std::vector<CollectorKind>& target) {
  std::vector<std::string> names;
  names.reserve(target.size());
  for (const CollectorKind each : target) names.emplace_back(name_of(each));
  table.texts("collectors", names);
  target.clear();
  for (const std::string& each : names) {
    const auto kind = collector_named(each);
    if (!kind) {
      table.error("collectors", "no collector has the name " + quote_for_log(each));
    } else if (std::ranges::find(target, *kind) == target.end()) {
      target.push_back(*kind);
    }
  }
}

void read_expressions(ConfigTable& table, const std::string& key,
                      std::vector<std::string>& target) {
  table.texts(key, target);
  for (const std::string& each : target) {
    const auto problem = fault_in_expression(each);
    if (problem) table.error(key, "expected RE2, found " + quote_for_log(each) + ": " + *problem);
  }
}

void check_unit(ConfigTable& table, const std::string& unit) {
  if (is_byte_unit(unit)) return;
  table.error("byte_unit", "expected a unit such as \"byte\", \"kilobyte\" or \"megabit\", found " +
                               quote_for_log(unit));
}

void read_units(ConfigTable& table, std::vector<std::string>& target) {
  table.texts("byte_unit", target);
  for (const std::string& each : target) check_unit(table, each);
}

void read_common(ConfigTable& table, CollectorOptions& target) {
  table.name_part("path", true, target.path);
  read_expressions(table, "allow", target.allow);
  read_expressions(table, "deny", target.deny);
  if (!target.allow.empty() && !target.deny.empty()) {
    table.error("deny", "expected allow or deny, found both");
  }
}

void read_iostat(ConfigTable& table, IostatOptions& target) {
  if (const auto found = table.text("devices", "expected an expression")) target.devices = *found;
  if (const auto problem = fault_in_expression(target.devices)) {
    table.error("devices",
                "expected RE2, found " + quote_for_log(target.devices) + ": " + *problem);
  }
  read_units(table, target.byte_unit);
  table.boolean("send_zero", target.send_zero);
}

/// What that collector has beside what all have.
void read_own(ConfigTable& table, CollectorKind kind, HostOptions& host) {
  using enum CollectorKind;
  switch (kind) {
    case Cpu:
      table.boolean("percore", host.cpu.percore);
      table.boolean("normalize", host.cpu.normalize);
      return table.boolean("simple", host.cpu.simple);
    case Diskspace:
      table.texts("filesystems", host.diskspace.filesystems);
      read_expressions(table, "exclude_filters", host.diskspace.exclude_filters);
      return read_units(table, host.diskspace.byte_unit);
    case Files:
      if (const auto found = table.text("dir", "expected a folder")) host.files.dir = *found;
      return table.boolean("delete", host.files.remove);
    case Iostat:
      return read_iostat(table, host.iostat);
    case Loadavg:
      return table.boolean("simple", host.simple_loadavg);
    case Memory:
      if (const auto found = table.text("byte_unit", "expected a unit")) {
        host.memory.byte_unit = *found;
      }
      check_unit(table, host.memory.byte_unit);
      return table.boolean("detailed", host.memory.detailed);
    case Mountstats:
      read_expressions(table, "exclude_filters", host.mountstats.exclude_filters);
      return read_expressions(table, "include_filters", host.mountstats.include_filters);
    case Network:
      table.texts("interfaces", host.network.interfaces);
      table.boolean("greedy", host.network.greedy);
      return read_units(table, host.network.byte_unit);
    case Tcp:
      return table.texts("allowed_names", host.tcp.allowed_names);
    case Udp:
      return table.texts("allowed_names", host.udp.allowed_names);
    case Filestat:
    case Nfs:
    case Sockets:
    case Uptime:
    case Vmstat:
      break;
  }
}

}  // namespace

void read_host(ConfigTable& table, InputOptions& input) {
  HostOptions& host = input.host.host;
  read_whole_seconds(table, "interval", input.host.interval);
  table.name_part("prefix", true, host.prefix);
  table.name_part("suffix", true, host.suffix);
  read_hostname(table, host.hostname);
  if (const auto found = table.text("root", "expected a folder")) host.root = *found;
  read_collectors(table, host.collectors);
  // Every table is looked for, so that every key is known, whether the file has it or not.
  static const toml::value empty = toml::table();
  const toml::value* const given = table.table("collector");
  ConfigTable all = table.inner(given == nullptr ? empty : *given, "collector");
  for (std::size_t i = 0; i < kCollectorKinds; ++i) {
    const auto kind = static_cast<CollectorKind>(i);
    const std::string name(name_of(kind));
    const toml::value* const one = all.table(name);
    ConfigTable own = all.inner(one == nullptr ? empty : *one, name);
    read_common(own, host.of(kind));
    read_own(own, kind, host);
    own.finish();
  }
  all.finish();
}

}  // namespace carbon_spool
