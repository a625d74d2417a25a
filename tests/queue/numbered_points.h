#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "queue_steps.h"

namespace carbon_spool {

using Point = std::uint64_t;

/// The one line that a point is, filled by its number: what comes back is compared byte by byte.
inline std::string line_of_point(Point point) {
  std::mt19937_64 random(point);
  std::string line = "p" + std::to_string(point) + ".";
  line.resize(line.size() + random() % 4000, '.');
  for (char& byte : line) {
    if (byte == '.') byte = static_cast<char>('!' + random() % 90);
  }
  line[1 + std::to_string(point).size()] = '.';
  return line + " 1 " + std::to_string(kTimestamp) + "\n";
}

inline std::vector<Point> points_of(std::string_view lines) {
  std::vector<Point> points;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    points.push_back(std::strtoull(lines.data() + at + 1, nullptr, 10));
  }
  return points;
}

}  // namespace carbon_spool
