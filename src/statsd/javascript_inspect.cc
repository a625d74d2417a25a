#include "javascript_inspect.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "carbon_spool/wire/javascript_number.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kLineWidth = 80;
constexpr std::size_t kArrayIndent = 2;  ///< of an object's member
constexpr std::size_t kSeparator = 2;    ///< a comma and a blank
constexpr double kMostColumns = 12;

bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_';
}

std::size_t total_width(const std::vector<std::string>& texts) {
  return std::accumulate(
      texts.begin(), texts.end(), std::size_t{0},
      [](std::size_t sum, const std::string& each) { return sum + each.size(); });
}

/// What node demands before it puts texts on one line: some slack for each, and for itself.
bool fit_one_line(const std::vector<std::string>& texts, std::size_t indent) {
  constexpr std::size_t kSlack = 10 + 1;  // the bracket is counted
  const std::size_t width = 2 * texts.size() + indent + kSlack + total_width(texts);
  return width <= kLineWidth && std::ranges::none_of(texts, [](const std::string& each) {
           return each.find('\n') != std::string::npos;
         });
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string all;
  for (const std::string& each : texts) {
    if (!all.empty()) all += separator;
    all += each;
  }
  return all;
}

/// In how many columns entries are set, so that they fill about a square; 1: they are not.
std::size_t column_count(const std::vector<std::string>& entries, bool some_left_out) {
  const auto count = static_cast<double>(entries.size());
  std::size_t widest = 0;
  for (const std::string& each : entries) widest = std::max(widest, each.size());
  const auto cell = static_cast<double>(widest + kSeparator);
  const double total = static_cast<double>(total_width(entries)) + kSeparator * count;
  const bool three_fit = cell * 3 + kArrayIndent < kLineWidth;
  if (!three_fit || (total / cell <= 5 && widest > 6)) return 1;

  constexpr double kHeightOfWidth = 2.5;
  const double average = total / (count + (some_left_out ? 1 : 0));
  const double biased = std::max(cell - 3 - std::sqrt(cell - average), 1.0);
  const double columns =
      std::min({javascript_round(std::sqrt(kHeightOfWidth * biased * count) / biased),
                std::floor((kLineWidth - kArrayIndent) / cell), kMostColumns});
  return columns <= 1 ? 1 : static_cast<std::size_t>(columns);
}

std::vector<std::string> rows_of(const std::vector<std::string>& entries, std::size_t columns,
                                 bool numbers) {
  std::vector<std::size_t> widths(columns);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    widths[i % columns] = std::max(widths[i % columns], entries[i].size());
  }
  std::vector<std::string> rows;
  for (std::size_t begin = 0; begin < entries.size(); begin += columns) {
    const std::size_t end = std::min(begin + columns, entries.size());
    std::string& row = rows.emplace_back();
    for (std::size_t i = begin; i < end; ++i) {
      const std::string padding(widths[i - begin] - entries[i].size(), ' ');
      const bool last = i + 1 == end;
      if (numbers) row += padding;
      row += entries[i];
      if (last) break;
      row += ", ";
      if (!numbers) row += padding;
    }
  }
  return rows;
}

}  // namespace

std::string inspect_text(std::string_view text, std::size_t limit) {
  std::string quoted = "'";
  for (const char each : text.substr(0, limit)) {
    if (each == '\n') {
      quoted += "\\n";
    } else if (each == '\t') {
      quoted += "\\t";
    } else if (each == '\r') {
      quoted += "\\r";
    } else if (each == '\'' || each == '\\') {
      (quoted += '\\') += each;
    } else if ((each >= 0 && each < ' ') || each == '\x7f') {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02X", static_cast<unsigned>(each));
      quoted += escape.data();
    } else {
      quoted += each;
    }
  }
  quoted += '\'';
  if (text.size() > limit) {
    quoted += "... " + std::to_string(text.size() - limit) + " more characters";
  }
  return quoted;
}

std::string inspect_key(std::string_view name) {
  const bool plain = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                     std::ranges::all_of(name, is_word_byte);
  return plain ? std::string(name) : inspect_text(name, name.size());
}

std::string inspect_number(double value) {
  if (value == 0 && std::signbit(value)) return "-0";
  NumberRoom room;
  return std::string(javascript_text(value, room));
}

std::string inspect_array(const std::vector<std::string>& entries, std::size_t left_out,
                          bool numbers) {
  if (entries.empty()) return "[]";
  constexpr std::size_t kFewest = 6;  // no columns up to here
  std::vector<std::string> rows = entries;
  bool in_columns = false;
  if (entries.size() + (left_out > 0 ? 1 : 0) > kFewest) {
    const std::size_t columns = column_count(entries, left_out > 0);
    in_columns = columns > 1;
    if (in_columns) rows = rows_of(entries, columns, numbers);
  }
  if (left_out > 0) {
    rows.push_back("... " + std::to_string(left_out) + " more item" + (left_out > 1 ? "s" : ""));
  }
  if (!in_columns && fit_one_line(rows, kArrayIndent)) return "[ " + joined(rows, ", ") + " ]";
  return "[\n    " + joined(rows, ",\n    ") + "\n  ]";
}

bool fits_one_line(const std::vector<std::string>& members) {
  return fit_one_line(members, 0);
}

}  // namespace carbon_spool
