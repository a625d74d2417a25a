// Listeners, includes, and the files themselves.

#include <filesystem>
#include <fstream>
#include <sstream>

#include <glob.h>

#include "relay_config_parser.h"

namespace carbon_spool {
namespace {

/// carbon-c-relay has no limit, and a file that includes itself ends it.
constexpr std::size_t kDeepest = 32;

std::vector<std::string> files_of(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return files;
}

}  // namespace

bool RelayParser::parse_listener(RelayListener& listener) {
  if (!expect("type")) return false;
  if (!expect("linemode")) return false;
  if (!parse_transport(listener.transport, listener.ssl, true)) return false;
  do {
    if (!parse_listener_place(listener)) return false;
  } while (!at_end_of_statement());
  return true;
}

bool RelayParser::parse_listener_place(RelayListener& listener) {
  RelayListener::Place place;
  const std::size_t line = tokens_.next().line;
  std::string where;
  if (!text("a port, an interface or the path of a socket", where)) return false;
  if (!expect("proto")) return false;
  if (!tokens_.next().is("tcp") && !tokens_.next().is("udp") && !tokens_.next().is("unix")) {
    return expected("'tcp', 'udp' or 'unix'");
  }
  place.protocol = tokens_.take().text;
  if (place.protocol == "unix") {
    place.path = where;
  } else {
    const bool port_alone = where.find_first_not_of("0123456789") == std::string::npos;
    auto address = parse_relay_address(port_alone ? ":" + where : where);
    if (!address) return fail(line, address.error().message);
    place.host = address.value().host;
    place.port = address.value().port;
  }
  listener.places.push_back(std::move(place));
  return true;
}

bool RelayParser::parse_include() {
  const std::size_t line = tokens_.next().line;
  std::string pattern;
  if (!text("the path of a file", pattern)) return false;
  std::vector<std::string> files = files_of(pattern);
  if (files.empty() && !pattern.starts_with('/')) {
    files = files_of((std::filesystem::path(file_).parent_path() / pattern).string());
  }
  if (files.empty()) return fail(line, "include: there is no file '" + pattern + "'");
  if (depth_ == kDeepest) return fail(line, "include: files include each other too deep");
  for (const std::string& each : files) {
    auto read = read_relay_file(each, depth_ + 1, statements_);
    // What is wrong inside names its own place.
    if (!read) {
      error_ = read.error();
      return false;
    }
  }
  return true;
}

Result<void> read_relay_file(const std::string& file, std::size_t depth,
                             std::vector<RelayStatement>& statements) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file puts nothing into the stream, which counts as a failure there.
    std::error_code problem;
    if (!in || std::filesystem::file_size(file, problem) != 0 || problem) {
      return Error{file + ": cannot be read"};
    }
  }
  const std::string content = std::move(text).str();
  RelayParser parser(file, content, depth, statements);
  if (!parser.parse()) return parser.error();
  return success();
}

Result<std::vector<RelayStatement>> read_relay_config(const std::string& file) {
  std::vector<RelayStatement> statements;
  auto read = read_relay_file(file, 0, statements);
  if (!read) return read.error();
  return statements;
}

}  // namespace carbon_spool
