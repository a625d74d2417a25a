#include "carbon_spool/wire/event.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

using Json = nlohmann::ordered_json;

/// Writing JSON out calls itself once a level.
constexpr int kDeepest = 32;

bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

/// Discarded if it is not JSON, or deeper than anybody needs.
Json parse(std::string_view text) {
  if (is_too_deep(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

std::string write(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

EventReading refuse(Refusal reason, std::string why) {
  return {std::nullopt, reason, std::move(why)};
}

/// PostgreSQL has no texts with NUL in them.
bool is_storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos;
}

/// Empty, or why it cannot be stored.
std::string fault_in_short_text(const char* key, const std::string& text) {
  if (!is_storable(text)) return std::string("\"") + key + "\" must not have NUL in it";
  if (characters(text) <= kMostEventCharacters) return {};
  return std::string("\"") + key + "\" must not have more than " +
         std::to_string(kMostEventCharacters) + " characters";
}

/// Takes the tags as one text, or says why not.
std::string take_tags(const Json& given, Json& event) {
  constexpr const char* kWrong = "\"tags\" must be an array or space-separated string";
  std::string tags;
  if (given.is_null()) return {};
  if (given.is_array()) {
    for (const Json& each : given) {
      if (!each.is_string()) return "\"tags\" must be an array of strings";
      if (&each != &given.front()) tags += ' ';
      tags += each.get_ref<const std::string&>();
    }
  } else if (given.is_string()) {
    tags = given.get_ref<const std::string&>();
  } else {
    return kWrong;
  }
  event["tags"] = tags;
  return fault_in_short_text("tags", tags);
}

bool is_time(const Json& when) {
  if (!when.is_number()) return false;
  const double seconds = when.get<double>();
  return std::isfinite(seconds) && seconds >= 0 && seconds < 4294967296.0;
}

std::vector<std::string> words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  std::vector<std::string> found;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  std::ranges::sort(found);
  // Not std::ranges::unique: clang 14 cannot read what libstdc++ returns from it.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// An event as graphite-web shows it; none if that is not what it is.
std::optional<EventIdentity> stored_identity(const Json& event) {
  if (!event.is_object() || !event.contains("what") || !event["what"].is_string() ||
      !event.contains("when") || !event["when"].is_number()) {
    return std::nullopt;
  }
  EventIdentity identity;
  identity.what = event["what"].get<std::string>();
  identity.second = static_cast<std::int64_t>(std::floor(event["when"].get<double>()));
  if (event.contains("data") && event["data"].is_string()) {
    identity.data = event["data"].get<std::string>();
  }
  if (!event.contains("tags")) return identity;
  std::string tags;
  const Json& given = event["tags"];
  if (given.is_string()) tags = given.get<std::string>();
  if (given.is_array()) {
    for (const Json& each : given) {
      if (each.is_string()) tags += each.get<std::string>() + ' ';
    }
  }
  identity.tags = words(tags);
  return identity;
}

}  // namespace

EventReading read_event(std::string_view json, std::int64_t now) {
  if (json.size() > kMaxEventBytes) return refuse(Refusal::EventTooLarge, "the event is too large");
  const Json given = parse(json);
  if (given.is_discarded() || !given.is_object()) {
    return refuse(Refusal::BadEvent, "expected a JSON object");
  }
  Json event = Json::object();
  const auto what = given.find("what");
  if (what == given.end() || !(what->is_string() || what->is_number_integer())) {
    return refuse(Refusal::BadEvent, "\"what\" must be there, and a string");
  }
  const std::string what_text = what->is_string() ? what->get<std::string>() : write(*what);
  if (auto fault = fault_in_short_text("what", what_text); !fault.empty()) {
    return refuse(Refusal::BadEvent, fault);
  }
  event["what"] = what_text;
  if (const auto tags = given.find("tags"); tags != given.end()) {
    if (auto fault = take_tags(*tags, event); !fault.empty()) {
      return refuse(Refusal::BadEvent, fault);
    }
  }
  const auto data = given.find("data");
  event["data"] = data == given.end() ? Json("") : *data;
  if (event["data"].is_null()) return refuse(Refusal::BadEvent, "\"data\" must not be null");
  if (event["data"].is_string() && !is_storable(event["data"].get_ref<const std::string&>())) {
    return refuse(Refusal::BadEvent, "\"data\" must not have NUL in it");
  }
  const auto when = given.find("when");
  // As graphite-web does: with the fraction of the second.
  event["when"] = when == given.end() ? Json(static_cast<double>(now) / 1000) : *when;
  if (!is_time(event["when"])) {
    return refuse(Refusal::BadTimestamp, "\"when\" must be Unix seconds, from 0 to 4294967295");
  }
  EventLine line{write(event) + '\n', static_cast<std::uint32_t>(event["when"].get<double>())};
  if (line.text.size() > kMaxEventBytes + 1) {
    return refuse(Refusal::EventTooLarge, "the event is too large");
  }
  return {std::move(line), Refusal::BadEvent, ""};
}

std::string make_event(const std::string& what, const std::vector<std::string>& tags,
                       const std::string& data, std::optional<double> when) {
  Json event = Json::object();
  event["what"] = what;
  if (!tags.empty()) event["tags"] = tags;
  event["data"] = data;
  // 1700000000 rather than 1700000000.0.
  if (when && *when == std::floor(*when) && std::abs(*when) < 9e15) {
    event["when"] = static_cast<std::int64_t>(*when);
  } else if (when) {
    event["when"] = *when;
  }
  return write(event);
}

EventIdentity identity_of(std::string_view line) {
  const auto identity = stored_identity(parse(line));
  return identity.value_or(EventIdentity());
}

Result<std::size_t> count_stored(const EventIdentity& event, std::string_view answer) {
  const Json stored = parse(answer);
  if (stored.is_discarded() || !stored.is_array()) return Error{"expected a list of events"};
  std::size_t count = 0;
  for (const Json& each : stored) {
    auto identity = stored_identity(each);
    if (!identity) return Error{"expected a list of events"};
    if (!event.data) identity->data.reset();
    if (*identity == event) ++count;
  }
  return count;
}

std::string event_error_body(const std::string& why) {
  return "{\"error\": " + write(Json(why)) + "}";
}

}  // namespace carbon_spool
