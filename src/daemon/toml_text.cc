#include "toml_text.h"

#include <algorithm>
#include <cstdio>

namespace carbon_spool {
namespace {

constexpr std::size_t kLongLine = 100;

bool is_control(char byte) {
  return (byte >= 0 && byte < ' ') || byte == '\x7f';
}

}  // namespace

std::string toml_string(std::string_view text) {
  const bool literal =
      text.find('\'') == std::string_view::npos && std::ranges::none_of(text, is_control);
  // What has nothing to escape looks the usual way.
  if (text.find_first_of("\\\"") == std::string_view::npos && literal) {
    return '"' + std::string(text) + '"';
  }
  if (literal) return '\'' + std::string(text) + '\'';
  std::string quoted = "\"";
  for (const char byte : text) {
    if (is_control(byte)) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
      quoted += escaped;
    } else {
      if (byte == '"' || byte == '\\') quoted += '\\';
      quoted += byte;
    }
  }
  return quoted + '"';
}

std::string toml_array(const std::vector<std::string>& texts) {
  std::string one_line;
  std::string lines;
  for (const std::string& each : texts) {
    one_line += (one_line.empty() ? "" : ", ") + toml_string(each);
    lines += "  " + toml_string(each) + ",\n";
  }
  return one_line.size() <= kLongLine ? '[' + one_line + ']' : "[\n" + lines + ']';
}

std::string toml_comment(std::string_view text) {
  std::string comment = "# ";
  for (const char byte : text) comment += is_control(byte) ? '?' : byte;
  return comment + '\n';
}

}  // namespace carbon_spool
