#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/logs/log_place.h"

namespace carbon_spool {

/// What is kept of a log beyond the process: the places in its generations that are read, oldest
/// first.
struct TailPlaces {
  struct Part {
    LogPlace place;
    bool is_copy = false;

    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts;
  std::optional<Part> finished;  ///< the end of the last generation that was left
  std::int64_t seen_at = 0;      ///< when the log was last looked at, Unix milliseconds

  friend bool operator==(const TailPlaces&, const TailPlaces&) = default;
};

/// A text that is kept in the queue, and back; none if it is damaged.
[[nodiscard]] std::string encode(const TailPlaces& places);
[[nodiscard]] std::optional<TailPlaces> decode_tail_places(std::string_view text);

/// What is kept of a tail input beside: the files that it knows, and what its parser has of the
/// open interval.
struct TailMemory {
  std::vector<std::string> files;
  std::int64_t seen_at = 0;   ///< when it last looked for files, Unix milliseconds
  std::int64_t flushed = 0;   ///< the last multiple of the interval that has points, Unix seconds
  std::int64_t began_at = 0;  ///< when the open interval began, Unix milliseconds
  std::string parser;         ///< see `LogParser::save`

  friend bool operator==(const TailMemory&, const TailMemory&) = default;
};

[[nodiscard]] std::string encode(const TailMemory& memory);
[[nodiscard]] std::optional<TailMemory> decode_tail_memory(std::string_view text);

/// The keys of both in the queue.
[[nodiscard]] std::string tail_memory_key(const std::string& input);
[[nodiscard]] std::string tail_places_key(const std::string& input, const std::string& file);

}  // namespace carbon_spool
