#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace carbon_spool {

/// The lines of a text, without LF.
template <class Take>
void for_each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// What stands between blanks and tabs.
[[nodiscard]] inline std::vector<std::string_view> fields_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> fields;
  for (std::size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;
       at = line.find_first_not_of(kBlank, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end;
  }
  return fields;
}

/// The field, whole, as a number.
template <class Number>
[[nodiscard]] std::optional<Number> number_of(std::string_view field) {
  Number number{};
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (failure != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return number;
}

/// A counter at that place; none if there is none.
[[nodiscard]] inline std::optional<std::uint64_t> counter_at(
    const std::vector<std::string_view>& fields, std::size_t place) {
  if (place >= fields.size()) return std::nullopt;
  return number_of<std::uint64_t>(fields[place]);
}

}  // namespace carbon_spool
