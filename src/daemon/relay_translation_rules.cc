// Matches, rewrites, listeners, and what has no counterpart.

#include <algorithm>

#include "carbon_spool/base/address.h"

#include "relay_expression.h"
#include "relay_translation.h"
#include "toml_text.h"

namespace carbon_spool {
namespace {

bool is_every_point(const RelayMatch& match) {
  return std::ranges::find(match.expressions, "*") != match.expressions.end();
}

/// Whether a match can be without effect: no points are sent, or kept from later matches.
bool does_nothing(const RelayMatch& match) {
  return match.to.empty() && !match.blackhole;
}

/// Whether a match decides the same, and sends the same, whether the rewrite comes before it or
/// not: since no name that one of them looks for is made or found by the other.
bool have_nothing_in_common(const RelayMatch& match, const RelayRewrite& rewrite) {
  const std::string found = certain_beginning(rewrite.expression);
  const std::string made = rewrite.replacement.substr(0, rewrite.replacement.find('\\'));
  return std::ranges::all_of(match.expressions, [&](const std::string& each) {
    const std::string wanted = each == "*" ? "" : certain_beginning(each);
    return exclude_each_other(wanted, found) && exclude_each_other(wanted, made);
  });
}

}  // namespace

void RelayTranslation::note_clauses(const RelayPlace& place, const RelayMatch& match) {
  if (!match.validate.empty()) {
    note(place, "validate " + match.validate + " else " + (match.validate_logs ? "log" : "drop") +
                    ": values are not looked at; " +
                    (does_nothing(match) ? "left out" : "here the match is without it"));
  }
  if (!match.route_using.empty()) {
    note(place, "route using " + match.route_using +
                    ": rings hash the name that is sent; here the match is without it");
  }
}

std::vector<std::string> RelayTranslation::targets_of(const RelayPlace& place,
                                                      const RelayMatch& match) {
  std::vector<std::string> to;
  for (const std::string& cluster : match.to) {
    const std::vector<std::string>& targets = targets_[cluster];
    if (targets.empty()) note(place, "send to " + cluster + ", which was left out");
    for (const std::string& each : targets) {
      if (std::ranges::find(to, each) == to.end()) to.push_back(each);
    }
  }
  // To stop is all that is left of it.
  if (match.blackhole || (to.empty() && match.stop)) to = {"drop"};
  return to;
}

void RelayTranslation::write_match(const RelayPlace& place, const RelayMatch& match) {
  note_clauses(place, match);
  if (does_nothing(match)) {
    from(place);
    if (match.validate.empty()) toml_ += "# A match that sends nowhere does nothing.\n";
    return;
  }
  const std::vector<std::string> to = targets_of(place, match);
  std::vector<std::string> expressions;
  if (!is_every_point(match)) {
    for (const std::string& each : match.expressions) {
      if (auto translated = expression(place, each)) expressions.push_back(std::move(*translated));
    }
    if (expressions.empty()) return note(place, "match: nothing is left of it; left out");
  }
  if (to.empty()) return note(place, "match: it sends nowhere else; left out");
  from(place);
  ++routes_;
  toml_ += "[[route]]\n";
  if (!expressions.empty()) line("match", toml_array(expressions));
  line("to", toml_array(to));
  if (match.stop && to.front() != "drop") line("stop", "true");
}

void RelayTranslation::write_rewrite(std::size_t index, const RelayRewrite& rewrite) {
  const RelayPlace& place = statements_[index].place;
  const auto after = statements_.begin() + static_cast<std::ptrdiff_t>(index);
  const bool seen = std::any_of(after, statements_.end(), [](const RelayStatement& each) {
    const auto* match = std::get_if<RelayMatch>(&each.is);
    return match != nullptr && !does_nothing(*match);
  });
  if (!seen) {
    from(place);
    toml_ += "# A rewrite behind the last match changes nothing that is sent.\n";
    return;
  }
  if (rewrite.expression == "*") {
    return note(place, "rewrite \"*\": it is not certain what carbon-c-relay replaces; left out");
  }
  const auto match = expression(place, rewrite.expression);
  if (!match) return;
  auto [text, missing] =
      translate_replacement(rewrite.replacement, groups_of_expression(rewrite.expression));
  note_groups(place, rewrite, missing);
  note_order(index, rewrite);
  from(place);
  toml_ += "[[rewrite]]\n";
  line("match", toml_string(*match));
  line("replace", toml_string(text));
}

void RelayTranslation::note_groups(const RelayPlace& place, const RelayRewrite& rewrite,
                                   const std::string& missing) {
  const std::string what = "rewrite " + rewrite.expression;
  if (!missing.empty()) {
    note(place, what + ": there is no group " + missing + "; here nothing stands for it");
  }
  if (groups_of_expression(rewrite.expression) == 0 && !is_plain_text(rewrite.expression)) {
    note(place, what +
                    ": without a group carbon-c-relay does not replace what such an expression "
                    "finds; here it is replaced");
  }
  if (may_match_longer(rewrite.expression)) {
    note(place, what +
                    ": of several alternatives that match carbon-c-relay takes the one that "
                    "makes the longest, here it is the first");
  }
}

/// Our rewrites all come before the routes.
void RelayTranslation::note_order(std::size_t index, const RelayRewrite& rewrite) {
  for (std::size_t i = 0; i < index; ++i) {
    const auto* match = std::get_if<RelayMatch>(&statements_[i].is);
    if (match == nullptr || does_nothing(*match) || have_nothing_in_common(*match, rewrite)) {
      continue;
    }
    note(statements_[index].place,
         "rewrite " + rewrite.expression + ": it comes behind the match at " +
             to_string(statements_[i].place) +
             ", which does not see its names; here it comes before all of them");
    return;
  }
}

void RelayTranslation::write_listener(const RelayPlace& place, const RelayListener& listener) {
  if (listener.ssl || listener.transport != "plain") {
    note(place, "listen: transport " + listener.transport + (listener.ssl ? " ssl" : "") +
                    " is not available; left out");
    return;
  }
  std::vector<std::string> listen;
  for (const RelayListener::Place& each : listener.places) {
    Address address;
    address.transport = each.protocol == "tcp"   ? Address::Transport::Tcp
                        : each.protocol == "udp" ? Address::Transport::Udp
                                                 : Address::Transport::UnixStream;
    address.port = each.port;
    address.path = each.path;
    address.host = each.host.empty() ? "0.0.0.0" : each.host;
    if (!each.path.empty()) address.host.clear();
    listen.push_back(to_string(address));
    if (!each.host.empty() || !each.path.empty()) continue;
    address.host = "::";
    listen.push_back(to_string(address));
  }
  from(place);
  write_input(listen);
}

void RelayTranslation::write_default_listener() {
  toml_ += "\n# There is no listen: this is where carbon-c-relay listens unless told by -p.\n";
  write_input({"tcp://0.0.0.0:2003", "tcp://[::]:2003", "udp://0.0.0.0:2003", "udp://[::]:2003",
               "unix:///tmp/.s.carbon-c-relay.2003"});
}

void RelayTranslation::write_input(const std::vector<std::string>& listen) {
  ++inputs_;
  toml_ += "[[input]]\n";
  if (inputs_ > 1) line("name", toml_string("graphite-" + std::to_string(inputs_)));
  line("listen", toml_array(listen));
}

void RelayTranslation::write_other(const RelayPlace& place, const RelayOther& other) {
  if (other.what == "aggregate") {
    note(place,
         "aggregate: carbon-spool does not aggregate; left out, and the points that it took "
         "go on to what follows");
  } else {
    note(place, other.what +
                    ": carbon-spool sends no points about itself; left out (see the "
                    "command status)");
  }
}

}  // namespace carbon_spool
