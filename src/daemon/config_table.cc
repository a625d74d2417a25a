#include "config_table.h"

#include <algorithm>

#include "nearest_key.h"

namespace carbon_spool {

std::string describe_found(const toml::value& value) {
  switch (value.type()) {
    case toml::value_t::boolean:
      return value.as_boolean() ? "the boolean true" : "the boolean false";
    case toml::value_t::integer:
      return "the integer " + std::to_string(value.as_integer());
    case toml::value_t::floating:
      return "a number with a fraction";
    case toml::value_t::string:
      return "the string " + quote_for_log(value.as_string().str);
    case toml::value_t::array:
      return "an array";
    case toml::value_t::table:
      return "a table";
    case toml::value_t::offset_datetime:
    case toml::value_t::local_datetime:
    case toml::value_t::local_date:
    case toml::value_t::local_time:
      return "a date or time";
    case toml::value_t::empty:
      break;
  }
  return "nothing";
}

namespace {

// A quoted key may hold anything.
std::string printable(const std::string& key) {
  const std::string quoted = quote_for_log(key);
  return quoted == '"' + key + '"' ? key : quoted;
}

/// `destination[0].address` is known as `destination.address`.
std::string without_places(std::string name) {
  for (std::size_t open = name.find('['); open != std::string::npos; open = name.find('[')) {
    name.erase(open, name.find(']', open) - open + 1);
  }
  return name;
}

}  // namespace

ConfigTable::ConfigTable(const toml::value& table, std::string name, ConfigReading& reading)
    : table_(table), name_(std::move(name)), reading_(reading) {}

std::size_t ConfigTable::line_of(const toml::value& value) {
  return value.location().line();
}

std::size_t ConfigTable::line_of(const std::string& key) const {
  const auto& entries = table_.as_table();
  const auto found = entries.find(key);
  return found == entries.end() ? line() : line_of(found->second);
}

std::string ConfigTable::full_name(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

void ConfigTable::error(const std::string& key, const std::string& message) {
  reading_.error(line_of(key), full_name(key), message);
}

const toml::value* ConfigTable::take(const std::string& key) {
  asked_.insert(key);
  reading_.known_keys.insert(without_places(full_name(key)));
  const auto& entries = table_.as_table();
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

std::optional<std::string> ConfigTable::text(const std::string& key, std::string_view expected) {
  const toml::value* const value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    error(key, std::string(expected) + ", found " + describe_found(*value));
    return std::nullopt;
  }
  const std::string& text = value->as_string().str;
  if (text.find('\0') != std::string::npos) {
    error(key, std::string(expected) + ", found a string with a zero byte");
    return std::nullopt;
  }
  return text;
}

void ConfigTable::integer(const std::string& key, std::uint32_t least, std::uint32_t most,
                          std::uint32_t& target) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  const bool fits = value->is_integer() && value->as_integer() >= std::int64_t{least} &&
                    value->as_integer() <= std::int64_t{most};
  if (!fits) {
    error(key, "expected an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                   ", found " + describe_found(*value));
    return;
  }
  target = static_cast<std::uint32_t>(value->as_integer());
}

void ConfigTable::size(const std::string& key, std::uint64_t least, std::uint64_t& target) {
  const auto found = text(key, R"(expected a size, such as "64KiB", "1GiB" or "500MB")");
  if (!found) return;
  const Result<std::uint64_t> size = parse_size(*found);
  if (!size) return error(key, size.error().message);
  if (size.value() < least) {
    return error(key, "expected a size of at least \"" + format_size(least) + "\", found \"" +
                          *found + "\"");
  }
  target = size.value();
}

void ConfigTable::duration(const std::string& key, Milliseconds& target) {
  const auto found = text(key, R"(expected a duration, such as "200ms", "5s", "10m" or "1h")");
  if (!found) return;
  const Result<Milliseconds> duration = parse_duration(*found);
  if (!duration) return error(key, duration.error().message);
  if (duration.value() <= Milliseconds::zero()) {
    return error(key, "expected a duration of more than zero, found \"" + *found + "\"");
  }
  target = duration.value();
}

bool ConfigTable::is_unlimited(const std::string& key) const {
  const auto at = table_.as_table().find(key);
  return at != table_.as_table().end() && at->second.is_string() &&
         at->second.as_string().str == "unlimited";
}

void ConfigTable::duration_or_unlimited(const std::string& key,
                                        std::optional<Milliseconds>& target) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (is_unlimited(key)) return target.reset();
  constexpr std::string_view kExpected = R"(expected "unlimited" or a duration, such as "7d")";
  const auto parsed =
      value->is_string() ? parse_duration(value->as_string().str) : Error{"not a string"};
  if (!parsed || parsed.value() <= Milliseconds::zero()) {
    return error(key, std::string(kExpected) + ", found " + describe_found(*value));
  }
  target = parsed.value();
}

void ConfigTable::size_or_unlimited(const std::string& key, std::uint64_t least,
                                    std::uint64_t& target) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (is_unlimited(key)) {
    target = UINT64_MAX;
    return;
  }
  const auto parsed =
      value->is_string() ? parse_size(value->as_string().str) : Error{"not a string"};
  if (!parsed || parsed.value() < least) {
    return error(key, "expected \"unlimited\" or a size of at least \"" + format_size(least) +
                          "\", found " + describe_found(*value));
  }
  target = parsed.value();
}

void ConfigTable::rate_or_unlimited(const std::string& key, std::uint64_t& target) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (is_unlimited(key)) {
    target = 0;
    return;
  }
  if (!value->is_integer() || value->as_integer() < 1) {
    return error(key, "expected \"unlimited\" or points per second, such as 50000, found " +
                          describe_found(*value));
  }
  target = static_cast<std::uint64_t>(value->as_integer());
}

void ConfigTable::addresses(const std::string& key, std::vector<Address>& target) {
  constexpr std::string_view kExpected =
      R"(expected an array of addresses, such as ["tcp://0.0.0.0:2003", "udp://0.0.0.0:2003"])";
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (!value->is_array()) {
    return error(key, std::string(kExpected) + ", found " + describe_found(*value));
  }
  if (value->as_array().empty()) {
    return error(key, "expected at least one address, found an empty array");
  }
  target.clear();
  for (const toml::value& each : value->as_array()) {
    if (!each.is_string()) {
      reading_.error(line_of(each), full_name(key),
                     std::string(kExpected) + ", found in it " + describe_found(each));
      continue;
    }
    const Result<Address> address = parse_address(each.as_string().str);
    if (address) {
      target.push_back(address.value());
    } else {
      reading_.error(line_of(each), full_name(key), address.error().message);
    }
  }
}

void ConfigTable::boolean(const std::string& key, bool& target) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) {
    return error(key, "expected true or false, found " + describe_found(*value));
  }
  target = value->as_boolean();
}

void ConfigTable::texts(const std::string& key, std::vector<std::string>& target) {
  constexpr std::string_view kExpected = "expected an array of strings";
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (!value->is_array()) {
    return error(key, std::string(kExpected) + ", found " + describe_found(*value));
  }
  target.clear();
  for (const toml::value& each : value->as_array()) {
    if (each.is_string()) {
      target.push_back(each.as_string().str);
    } else {
      reading_.error(line_of(each), full_name(key),
                     std::string(kExpected) + ", found in it " + describe_found(each));
    }
  }
}

void ConfigTable::name(const std::string& key, std::string& target) {
  const std::string expected = "expected a name of 1 to " + std::to_string(kLongestName) +
                               " letters, digits and any of \"_.:-\"";
  const auto found = text(key, expected);
  if (!found) return;
  const bool fits =
      !found->empty() && found->size() <= kLongestName && std::ranges::all_of(*found, is_name_byte);
  if (fits) {
    target = *found;
  } else {
    error(key, expected + ", found " + quote_for_log(*found));
  }
}

void ConfigTable::name_part(const std::string& key, bool may_be_empty, std::string& target) {
  const std::string expected = std::string("expected ") + (may_be_empty ? "\"\" or " : "") +
                               "a part of a metric name: letters, digits, any of \"_.-\"";
  const auto found = text(key, expected);
  if (!found) return;
  const bool fits = found->size() <= kLongestName && (may_be_empty || !found->empty()) &&
                    std::ranges::all_of(*found, [](char c) { return is_name_byte(c) && c != ':'; });
  if (fits) {
    target = *found;
  } else {
    error(key, expected + ", found " + quote_for_log(*found));
  }
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.:-").find(c) != std::string_view::npos;
}

std::optional<double> number_of(const toml::value& value) {
  if (value.is_integer()) return static_cast<double>(value.as_integer());
  if (value.is_floating()) return value.as_floating();
  return std::nullopt;
}

void ConfigTable::not_yet(const std::string& key, std::optional<std::string_view> default_value) {
  const toml::value* const value = take(key);
  if (value == nullptr) return;
  if (!default_value) return error(key, "not available yet; leave it out");
  if (value->is_string() && value->as_string().str == *default_value) return;
  error(key, "expected \"" + std::string(*default_value) + "\", found " + describe_found(*value) +
                 ", which is not available yet");
}

const toml::value* ConfigTable::table(const std::string& key) {
  const toml::value* const value = take(key);
  if (value == nullptr || value->is_table()) return value;
  const bool array_of_tables =
      value->is_array() && !value->as_array().empty() && value->as_array().front().is_table();
  error(key, "expected one table, [" + full_name(key) + "], found " +
                 (array_of_tables ? "[[" + full_name(key) + "]]" : describe_found(*value)));
  return nullptr;
}

std::vector<const toml::value*> ConfigTable::tables(const std::string& key) {
  const std::string expected = "expected tables, [[" + full_name(key) + "]]";
  const toml::value* const value = take(key);
  std::vector<const toml::value*> result;
  if (value == nullptr) return result;
  if (!value->is_array()) {
    error(key, expected + ", found " +
                   (value->is_table() ? "[" + full_name(key) + "]" : describe_found(*value)));
    return result;
  }
  for (const toml::value& each : value->as_array()) {
    if (each.is_table()) {
      result.push_back(&each);
    } else {
      reading_.error(line_of(each), full_name(key), expected + ", found " + describe_found(each));
    }
  }
  return result;
}

void ConfigTable::finish() {
  for (const auto& [key, value] : table_.as_table()) {
    if (asked_.contains(key)) continue;
    const std::optional<std::string> meant = nearest_key(key, asked_);
    reading_.error(line_of(value), full_name(printable(key)),
                   meant ? "unknown key; did you mean \"" + *meant + "\"?" : "unknown key");
  }
}

}  // namespace carbon_spool
