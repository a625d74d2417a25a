#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {

inline constexpr std::string_view kLogFile = "/var/log/some.log";
inline constexpr std::int64_t kLogNow = 1700000000000;

/// Keeps the points of a flush, as `name value`.
class KeptPoints final : public LogPoints {
 public:
  void add(std::string_view name, std::string_view value) override {
    lines.push_back(std::string(name) + " " + std::string(value));
  }
  std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

inline std::unique_ptr<LogParser> parser_of(const LogParserOptions& options) {
  Result<std::unique_ptr<LogParser>> parser = make_log_parser(options);
  REQUIRE(parser);
  return std::move(parser.value());
}

inline std::unique_ptr<LogParser> parser_of(LogFormat format) {
  LogParserOptions options;
  options.format = format;
  return parser_of(options);
}

inline void take(LogParser& parser, const Lines& lines, std::int64_t now = kLogNow) {
  for (const std::string& line : lines) parser.take(kLogFile, line, now);
}

inline Lines flushed(LogParser& parser, Milliseconds duration = Seconds(60),
                     std::int64_t now = kLogNow) {
  KeptPoints points;
  parser.flush(duration, now, points);
  return points.lines;
}

/// What `lines` come to in an interval of `duration`.
inline Lines points_of(LogParser& parser, const Lines& lines, Milliseconds duration = Seconds(60)) {
  take(parser, lines);
  return flushed(parser, duration);
}

/// The lines of a text, without their ends.
inline Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

inline Lines lines_of_file(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file);
  return lines_of(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace carbon_spool
