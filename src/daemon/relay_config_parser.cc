#include "relay_config_parser.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "relay_expression.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kMostReplicas = 255;

/// A number that is all of the text, and at most that.
Result<std::uint32_t> parse_number(const std::string& text, std::uint32_t least,
                                   std::uint32_t most) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc() && stopped == end && number >= least && number <= most) return number;
  return Error{"expected a number from " + std::to_string(least) + " to " + std::to_string(most) +
               ", found '" + text + "'"};
}

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// carbon-c-relay reads an instance of digits as a number.
std::string instance_of(const ImportToken& token) {
  if (token.kind != ImportToken::Kind::Word || !all_digits(token.text)) return token.text;
  const std::size_t first = token.text.find_first_not_of('0');
  return first == std::string::npos ? "0" : token.text.substr(first);
}

bool is_keyword_of_servers(const ImportToken& token) {
  constexpr std::array kKeywords{"proto", "udp", "tcp", "useall", "replication"};
  return std::ranges::any_of(kKeywords, [&](const char* each) { return token.is(each); });
}

bool is_transport(const ImportToken& token) {
  return token.is("plain") || token.is("gzip") || token.is("lz4") || token.is("snappy");
}

}  // namespace

std::string to_string(const RelayPlace& place) {
  return place.file + ':' + std::to_string(place.line);
}

Result<RelayAddress> parse_relay_address(const std::string& text) {
  RelayAddress address;
  address.host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && text.back() != ']') {
    const auto port = parse_number(text.substr(colon + 1), 1, 65535);
    if (!port) return port.error().in("the port of '" + text + "'");
    address.port = static_cast<std::uint16_t>(port.value());
    address.host = text.substr(0, colon);
  }
  if (address.host.starts_with('[')) {
    if (!address.host.ends_with(']')) return Error{"expected ']' in '" + text + "'"};
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

bool RelayParser::fail(std::size_t line, const std::string& message) {
  error_ = Error{to_string(RelayPlace{file_, line}) + ": " + message};
  return false;
}

bool RelayParser::expected(const std::string& what) {
  const ImportToken& found = tokens_.next();
  return fail(found.line, "expected " + what + ", found " + describe(found));
}

bool RelayParser::accept(std::string_view keyword) {
  if (!tokens_.next().is(keyword)) return false;
  tokens_.take();
  return true;
}

bool RelayParser::expect(std::string_view keyword) {
  return accept(keyword) || expected("'" + std::string(keyword) + "'");
}

bool RelayParser::text(const std::string& what, std::string& target) {
  if (!tokens_.next().is_text()) return expected(what);
  target = tokens_.take().text;
  return true;
}

bool RelayParser::check_expression(std::size_t line, const std::string& expression) {
  const auto problem = problem_of_expression(expression);
  return !problem || fail(line, "the expression '" + expression + "': " + *problem);
}

bool RelayParser::knows_cluster(const std::string& name) const {
  return std::ranges::any_of(statements_, [&](const RelayStatement& statement) {
    const auto* cluster = std::get_if<RelayCluster>(&statement.is);
    return cluster != nullptr && cluster->name == name;
  });
}

bool RelayParser::parse() {
  while (tokens_.next().kind != ImportToken::Kind::End) {
    if (!parse_statement()) return false;
    if (!at_end_of_statement()) return expected("';'");
    tokens_.take();
  }
  return true;
}

bool RelayParser::parse_statement() {
  RelayStatement statement{{file_, tokens_.next().line}, {}};
  if (accept("include")) return parse_include();
  if (accept("cluster")) {
    if (!parse_cluster(statement.is.emplace<RelayCluster>())) return false;
  } else if (accept("match")) {
    if (!parse_match(statement.is.emplace<RelayMatch>())) return false;
  } else if (accept("rewrite")) {
    if (!parse_rewrite(statement.is.emplace<RelayRewrite>())) return false;
  } else if (accept("listen")) {
    if (!parse_listener(statement.is.emplace<RelayListener>())) return false;
  } else if (accept("aggregate")) {
    statement.is.emplace<RelayOther>().what = "aggregate";
    if (!read_over("compute")) return false;
  } else if (accept("statistics")) {
    statement.is.emplace<RelayOther>().what = "statistics";
    if (!read_over("")) return false;
  } else if (accept("send")) {
    if (!expect("statistics")) return false;
    statement.is.emplace<RelayOther>().what = "send statistics to";
    if (!read_over("to")) return false;
  } else {
    return expected(
        "'cluster', 'match', 'rewrite', 'aggregate', 'statistics', 'send', 'listen' or 'include'");
  }
  statements_.push_back(std::move(statement));
  return true;
}

/// To the end of the statement, in which `until` has to come.
bool RelayParser::read_over(const std::string& until) {
  bool there = until.empty();
  while (!at_end_of_statement()) {
    if (!tokens_.next().is_text()) return expected(there ? "';'" : "'" + until + "'");
    there = there || tokens_.next().is(until);
    tokens_.take();
  }
  if (!there) return expected("'" + until + "'");
  return true;
}

bool RelayParser::parse_cluster(RelayCluster& cluster) {
  const std::size_t line = tokens_.next().line;
  if (!text("the name of a cluster", cluster.name)) return false;
  if (knows_cluster(cluster.name)) {
    return fail(line, "there is a cluster '" + cluster.name + "' already");
  }
  if (!parse_kind(cluster)) return false;
  do {
    if (cluster.kind == "file") {
      if (!text("the path of a file", cluster.paths.emplace_back())) return false;
    } else {
      if (!parse_server(cluster)) return false;
    }
  } while (!at_end_of_statement());
  return true;
}

bool RelayParser::parse_kind(RelayCluster& cluster) {
  const std::string kinds =
      "'forward', 'any_of', 'failover', 'carbon_ch', 'fnv1a_ch', 'jump_fnv1a_ch' or 'file'";
  const ImportToken& next = tokens_.next();
  if (next.is("forward") || next.is("any_of") || next.is("failover")) {
    cluster.kind = tokens_.take().text;
    cluster.useall = accept("useall");
  } else if (next.is("carbon_ch") || next.is("fnv1a_ch") || next.is("jump_fnv1a_ch")) {
    cluster.kind = tokens_.take().text;
    if (accept("replication")) {
      const std::size_t line = tokens_.next().line;
      std::string count;
      if (!text("a number of copies", count)) return false;
      auto copies = parse_number(count, 1, kMostReplicas);
      if (!copies) return fail(line, "replication: " + copies.error().message);
      cluster.replication = copies.value();
    }
    cluster.dynamic = accept("dynamic");
  } else if (accept("file")) {
    cluster.kind = "file";
    accept("ip");
  } else {
    return expected(kinds);
  }
  return true;
}

bool RelayParser::parse_server(RelayCluster& cluster) {
  RelayServer server;
  server.line = tokens_.next().line;
  std::string place;
  if (is_keyword_of_servers(tokens_.next())) return expected("a server, as host:port=instance");
  if (!text("a server, as host:port=instance", place)) return false;
  auto address = parse_relay_address(place);
  if (!address) return fail(server.line, address.error().message);
  server.host = address.value().host;
  server.port = address.value().port;
  if (server.host.empty()) return fail(server.line, "expected a host, found '" + place + "'");
  if (!parse_server_options(server)) return false;
  cluster.servers.push_back(std::move(server));
  return true;
}

bool RelayParser::parse_server_options(RelayServer& server) {
  if (tokens_.next().is_symbol('=')) {
    tokens_.take();
    if (!tokens_.next().is_text()) return expected("an instance");
    server.instance = instance_of(tokens_.take());
  }
  if (accept("proto")) {
    server.udp = accept("udp");
    if (!server.udp && !accept("tcp")) return expected("'udp' or 'tcp'");
  }
  if (accept("type") && !expect("linemode")) return false;
  return parse_transport(server.transport, server.ssl, false);
}

bool RelayParser::parse_transport(std::string& transport, bool& ssl, bool with_key) {
  if (!accept("transport")) return true;
  if (is_transport(tokens_.next())) {
    transport = tokens_.take().text;
  } else if (!tokens_.next().is("ssl")) {
    return expected("'plain', 'gzip', 'lz4' or 'snappy'");
  }
  ssl = accept("ssl");
  std::string certificate;
  return !ssl || !with_key || text("the file of a certificate", certificate);
}

bool RelayParser::parse_match(RelayMatch& match) {
  if (tokens_.next().is("*")) {
    match.expressions.push_back(tokens_.take().text);
  } else {
    do {
      const std::size_t line = tokens_.next().line;
      const bool keyword = tokens_.next().is("send") || tokens_.next().is("validate") ||
                           tokens_.next().is("route") || tokens_.next().is("*");
      if (keyword) return expected("an expression");
      if (!text("an expression or '*'", match.expressions.emplace_back())) return false;
      if (!check_expression(line, match.expressions.back())) return false;
    } while (!at_end_of_statement() && !tokens_.next().is("send") &&
             !tokens_.next().is("validate") && !tokens_.next().is("route"));
  }
  return parse_match_clauses(match);
}

bool RelayParser::parse_match_clauses(RelayMatch& match) {
  if (accept("validate")) {
    const std::size_t line = tokens_.next().line;
    if (!text("an expression", match.validate)) return false;
    if (!check_expression(line, match.validate)) return false;
    if (!expect("else")) return false;
    match.validate_logs = accept("log");
    if (!match.validate_logs && !accept("drop")) return expected("'log' or 'drop'");
  }
  if (accept("route")) {
    if (!expect("using")) return false;
    if (!text("a replacement", match.route_using)) return false;
  }
  if (accept("send") && !parse_targets(match)) return false;
  match.stop = accept("stop");
  return true;
}

bool RelayParser::parse_targets(RelayMatch& match) {
  if (!expect("to")) return false;
  match.blackhole = accept("blackhole");
  if (match.blackhole) return true;
  do {
    const std::size_t line = tokens_.next().line;
    if (tokens_.next().is("stop") || tokens_.next().is("blackhole")) return expected("a cluster");
    if (!text("a cluster", match.to.emplace_back())) return false;
    if (!knows_cluster(match.to.back())) {
      return fail(line,
                  "expected a cluster that was defined before, found '" + match.to.back() + "'");
    }
  } while (tokens_.next().is_text() && !tokens_.next().is("stop") &&
           !tokens_.next().is("blackhole"));
  return true;
}

bool RelayParser::parse_rewrite(RelayRewrite& rewrite) {
  const std::size_t line = tokens_.next().line;
  if (tokens_.next().is("*")) return expected("an expression");
  if (!text("an expression", rewrite.expression)) return false;
  if (!check_expression(line, rewrite.expression)) return false;
  if (!expect("into")) return false;
  if (!text("a replacement", rewrite.replacement)) return false;
  return true;
}

}  // namespace carbon_spool
