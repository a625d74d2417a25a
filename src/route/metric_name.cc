#include "metric_name.h"

#include <algorithm>
#include <map>
#include <optional>

namespace carbon_spool {
namespace {

bool is_regular(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == ':' || byte == '#';
}

bool is_clean(std::string_view name) {
  bool after_dot = true;  // as good as: no dot may come first
  bool in_tags = false;
  for (const char byte : name) {
    in_tags = in_tags || byte == ';';
    if (byte == '.' ? after_dot : !in_tags && !is_regular(byte)) return false;
    after_dot = byte == '.';
  }
  return !after_dot || in_tags || name.empty();
}

using Tags = std::map<std::string, std::string, std::less<>>;

/// carbon's rules for one tag; the ones it does not keep make it leave the whole name as it is.
bool add_tag(std::string_view tag, std::string value, Tags& tags) {
  if (tag.empty() || tag.find_first_of(";!^=") != tag.npos) return false;
  if (value.empty() || value.front() == '~' || value.find(';') != value.npos) return false;
  tags.insert_or_assign(std::string(tag), std::move(value));
  return true;
}

/// `tag=value;tag=value`
bool read_graphite_tags(std::string_view rest, Tags& tags) {
  while (true) {
    const std::string_view segment = rest.substr(0, rest.find(';'));
    const auto equals = segment.find('=');
    if (equals == segment.npos) return false;
    if (!add_tag(segment.substr(0, equals), std::string(segment.substr(equals + 1)), tags)) {
      return false;
    }
    if (segment.size() == rest.size()) return true;
    rest.remove_prefix(segment.size() + 1);
  }
}

/// The text between quotes at the front of `rest`, which is cut off it with its end: `,`, or what
/// carbon's expression takes for that, `:,`.
std::optional<std::string> read_quoted(std::string_view& rest) {
  std::string text;
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && (++i == rest.size() || (rest[i] != '"' && rest[i] != '\\'))) {
      return std::nullopt;
    }
    text += rest[i];
  }
  if (i == rest.size()) return std::nullopt;
  rest.remove_prefix(i + 1);
  if (rest.starts_with(":,")) {
    rest.remove_prefix(2);
  } else if (rest.starts_with(',')) {
    rest.remove_prefix(1);
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  return text;
}

/// `tag="value",tag="value"`
bool read_openmetrics_tags(std::string_view rest, Tags& tags) {
  if (rest.find('{') != rest.npos) return false;
  while (!rest.empty()) {
    const auto equals = rest.find('=');
    if (equals == rest.npos) return false;
    const std::string_view tag = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    std::optional<std::string> value = read_quoted(rest);
    if (!value || !add_tag(tag, *std::move(value), tags)) return false;
  }
  return true;
}

}  // namespace

std::string_view without_tags(std::string_view name) {
  return name.substr(0, name.find(';'));
}

std::string_view cleansed(std::string_view name, std::string& room) {
  if (is_clean(name)) return name;
  room.clear();
  bool in_tags = false;
  for (const char byte : name) {
    in_tags = in_tags || byte == ';';
    if (byte != '.') {
      room += in_tags || is_regular(byte) ? byte : '_';
    } else if (!room.empty() && room.back() != '.') {
      room += '.';
    }
  }
  if (!in_tags && room.ends_with('.')) room.pop_back();
  if (room.empty()) return name;
  return room;
}

std::string_view normalized(std::string_view name, std::string& room) {
  const bool openmetrics = name.ends_with("\"}") && name.find('{') != name.npos;
  const auto head = name.find(openmetrics ? '{' : ';');
  Tags tags;
  std::string_view metric = name.substr(0, head);
  if (metric.empty()) return name;
  if (head != name.npos) {
    std::string_view rest = name.substr(head + 1);
    if (openmetrics) rest.remove_suffix(1);
    if (!(openmetrics ? read_openmetrics_tags(rest, tags) : read_graphite_tags(rest, tags))) {
      return name;
    }
  }
  metric.remove_prefix(std::min(metric.find_first_not_of('~'), metric.size()));
  if (metric.empty()) return name;

  // In order of the text `;tag=value`, not of the tag: "a-b" comes before "a".
  std::vector<std::string> texts;
  for (const auto& [tag, value] : tags) {
    if (tag == "name") continue;
    std::string& text = texts.emplace_back(";");
    text.append(tag).append("=").append(value);
  }
  std::sort(texts.begin(), texts.end());
  room = metric;
  for (const std::string& text : texts) room += text;
  return room;
}

}  // namespace carbon_spool
