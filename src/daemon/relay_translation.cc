#include "relay_translation.h"

#include <algorithm>

#include "carbon_spool/route/routing_table.h"

#include "config_table.h"
#include "relay_expression.h"
#include "toml_text.h"

namespace carbon_spool {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

void add_new(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

/// Whether RE2 takes it; the route module knows.
std::optional<std::string> refusal_of(const std::string& match) {
  RoutingOptions options;
  options.destinations.emplace_back().name = "any";
  options.routes.push_back({{match}, {}, {}, {}, {"any"}, false});
  const CompiledRouting compiled = compile_routing(std::move(options));
  if (compiled.errors.empty()) return std::nullopt;
  return compiled.errors.front().message;
}

}  // namespace

RelayTranslation::RelayTranslation(const std::vector<RelayStatement>& statements)
    : statements_(statements) {}

Result<void> RelayTranslation::translate() {
  toml_ +=
      "# Names are matched, rewritten, hashed and sent as there: cleansed, without their tags.\n"
      "[routing]\ncleanse = true\nmatch_tags = false\n";
  const bool listens = std::ranges::any_of(statements_, [](const RelayStatement& each) {
    return std::holds_alternative<RelayListener>(each.is);
  });
  if (!listens) write_default_listener();
  for (std::size_t i = 0; i < statements_.size(); ++i) {
    auto written = write(i);
    if (!written) return written.error();
  }
  if (routes_ == 0) {
    toml_ +=
        "\n# There is no match: points go nowhere. Without any route they would go everywhere.\n";
    toml_ += "[[route]]\n";
    line("to", toml_array({kDropTarget}));
  }
  return success();
}

Result<void> RelayTranslation::write(std::size_t index) {
  const auto& [place, is] = statements_[index];
  if (const auto* cluster = std::get_if<RelayCluster>(&is)) return write_cluster(place, *cluster);
  if (const auto* match = std::get_if<RelayMatch>(&is)) write_match(place, *match);
  if (const auto* rewrite = std::get_if<RelayRewrite>(&is)) write_rewrite(index, *rewrite);
  if (const auto* listener = std::get_if<RelayListener>(&is)) write_listener(place, *listener);
  if (const auto* other = std::get_if<RelayOther>(&is)) write_other(place, *other);
  return success();
}

void RelayTranslation::note(const RelayPlace& place, const std::string& what) {
  notes_.push_back({place.file, place.line, what});
  toml_ += '\n' + toml_comment("NOT AS IT WAS: " + to_string(notes_.back()));
}

void RelayTranslation::from(const RelayPlace& place) {
  toml_ += '\n' + toml_comment(to_string(place));
}

void RelayTranslation::line(const std::string& key, const std::string& value) {
  toml_ += key + " = " + value + '\n';
}

std::string RelayTranslation::unused_name(const std::string& wanted) {
  std::string name = wanted.substr(0, kLongestName - 8);
  std::ranges::replace_if(
      name, [](char byte) { return !is_name_byte(byte); }, '-');
  const std::string first = name;
  for (int number = 2; !names_.insert(name).second; ++number) {
    name = first + '-' + std::to_string(number);
  }
  return name;
}

Result<void> RelayTranslation::write_cluster(const RelayPlace& place, const RelayCluster& cluster) {
  if (cluster.kind == "file") {
    targets_[cluster.name];
    note(place, "cluster " + cluster.name + ": carbon-spool writes no files; left out");
    return success();
  }
  std::vector<std::string> members;
  for (const RelayServer& each : cluster.servers) {
    auto name = destination_of({place.file, each.line}, each);
    if (!name) return name.error();
    const bool again = std::ranges::find(members, name.value()) != members.end();
    if (again && cluster.kind == "jump_fnv1a_ch") {
      note({place.file, each.line}, name.value() +
                                        " is in this ring twice; here it is once, and "
                                        "points go to other members than before");
    }
    add_new(members, name.value());
  }
  if (cluster.useall) {
    note(place, "cluster " + cluster.name +
                    ": useall makes a server of each address that a name "
                    "has; here a name is one destination, and its addresses are tried in turn");
  }
  if (cluster.kind == "forward") {
    targets_[cluster.name] = members;
    return success();
  }
  if (cluster.replication > members.size()) {
    return Error{to_string(place) + ": cluster " + cluster.name +
                 ": expected at least as many "
                 "servers as copies, found " +
                 std::to_string(members.size()) + " for " + std::to_string(cluster.replication)};
  }
  if (cluster.dynamic) {
    note(place, "cluster " + cluster.name +
                    ": dynamic gives the points of a member that is down "
                    "to others at once; here they wait for it (see on_member_down)");
  }
  from(place);
  write_ring(cluster, members);
  return success();
}

void RelayTranslation::write_ring(const RelayCluster& cluster,
                                  const std::vector<std::string>& members) {
  const std::string name = unused_name(cluster.name);
  targets_[cluster.name] = {name};
  toml_ += "[[cluster]]\n";
  line("name", toml_string(name));
  line("select", toml_string(cluster.kind));
  if (cluster.replication != 1) line("replication", std::to_string(cluster.replication));
  line("members", toml_array(members));
}

/// One server in several clusters is one destination.
Result<std::string> RelayTranslation::destination_of(const RelayPlace& place,
                                                     const RelayServer& server) {
  for (const auto& [name, known] : servers_) {
    if (known.host != server.host || known.port != server.port || known.udp != server.udp) continue;
    if (known.instance == server.instance) return name;
    return Error{to_string(place) + ": expected " + server.host + ':' +
                 std::to_string(server.port) + " with instance '" + known.instance +
                 "', as before, found '" + server.instance + "'"};
  }
  const std::string port = std::to_string(server.port);
  const std::string name = unused_name(server.host + ':' + port + (server.udp ? ":udp" : ""));
  servers_.emplace(name, server);
  note_server(place, server);
  from(place);
  toml_ += "[[destination]]\n";
  line("name", toml_string(name));
  line("address",
       toml_string((server.ssl ? "tls://" : "tcp://") + bracketed(server.host) + ':' + port));
  if (!server.instance.empty()) line("instance", toml_string(server.instance));
  return name;
}

void RelayTranslation::note_server(const RelayPlace& place, const RelayServer& server) {
  const std::string name = bracketed(server.host) + ':' + std::to_string(server.port);
  if (server.udp) {
    note(place, name + ": proto udp confirms nothing; here it is sent to by TCP");
  }
  if (server.transport != "plain") {
    note(place, name + ": transport " + server.transport + "; here it is sent plain text");
  }
  if (server.ssl) note(place, name + ": transport ssl is not available yet; check will say so");
}

std::optional<std::string> RelayTranslation::expression(const RelayPlace& place,
                                                        const std::string& text) {
  auto translated = translate_expression(text);
  if (!translated) {
    note(place, "the expression '" + text + "' has " + translated.error().message + "; left out");
    return std::nullopt;
  }
  if (const auto refused = refusal_of(translated.value())) {
    note(place, "the expression '" + text + "': " + *refused + "; left out");
    return std::nullopt;
  }
  return translated.value();
}

}  // namespace carbon_spool
