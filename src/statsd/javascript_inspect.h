#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace carbon_spool {

// Values as node prints them (`util.inspect`, node 8 to 22, without options): what StatsD's console
// shows of its tables. Lines are 80 wide.

/// The most entries of an array that are shown.
inline constexpr std::size_t kMostInspected = 100;

/// A name in front of a colon: in quotes unless it is one that a program may use so.
[[nodiscard]] std::string inspect_key(std::string_view name);

/// A text in quotes, cut after `limit` bytes.
[[nodiscard]] std::string inspect_text(std::string_view text, std::size_t limit);

[[nodiscard]] std::string inspect_number(double value);

/// An array that is an object's member. `entries` are texts of at most kMostInspected; `left_out`
/// more are not shown. `numbers`: stand at the right of their columns.
[[nodiscard]] std::string inspect_array(const std::vector<std::string>& entries,
                                        std::size_t left_out, bool numbers);

/// More members of an object than this are never on one line.
inline constexpr std::size_t kMostOnOneLine = 34;

/// Whether an object of these members, as `key: value`, is on one line.
[[nodiscard]] bool fits_one_line(const std::vector<std::string>& members);

}  // namespace carbon_spool
