#include "nearest_key.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <vector>

namespace carbon_spool {
namespace {

// People write "max-size" and "MaxSize" for "max_size"; that is not counted as a difference.
std::string folded(std::string_view key) {
  std::string result;
  for (const char c : key) {
    if (c == '-' || c == '_') continue;
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

// Optimal string alignment: Levenshtein's distance with swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string> nearest_key(std::string_view wrong, const std::set<std::string>& known) {
  const std::string wanted = folded(wrong);
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::string name = folded(candidate);
    // "size" is five letters away from "max_size", yet clearly meant.
    const bool part = wanted.size() >= 4 && name.find(wanted) != std::string::npos;
    const std::size_t far = part ? 1 : distance(wanted, name);
    if (far > std::max<std::size_t>(2, name.size() / 3) || far >= name.size()) continue;
    if (best && far >= best_distance) continue;
    best = candidate;
    best_distance = far;
  }
  return best;
}

}  // namespace carbon_spool
