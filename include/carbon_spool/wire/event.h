#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/wire/refusal.h"

namespace carbon_spool {

/// Events as graphite-web's `POST /events/` takes them: a JSON object of `what`, `tags`, `data` and
/// `when` (docs/events.md).

/// The most that the JSON of an event may have, as it came and as a line.
inline constexpr std::size_t kMaxEventBytes = 64 * 1024 - 1;
/// The most characters of `what`, and of all tags with a blank between them: what graphite-web's
/// database has room for.
inline constexpr std::size_t kMostEventCharacters = 255;

/// An event as it is kept and delivered: one line of compact JSON in UTF-8, `when` in it.
struct EventLine {
  std::string text;             ///< LF included, and no other
  std::uint32_t timestamp = 0;  ///< `when` in whole seconds
};

/// What became of reading an event: a line, or why not.
struct EventReading {
  std::optional<EventLine> line;
  Refusal reason = Refusal::BadEvent;
  std::string why;  ///< for whoever sent it
};

/// Reads what was posted. One without `when` gets `now` (Unix milliseconds).
[[nodiscard]] EventReading read_event(std::string_view json, std::int64_t now);

/// The JSON of an event; without `when`: it has none. Text that is not UTF-8 is replaced.
[[nodiscard]] std::string make_event(const std::string& what, const std::vector<std::string>& tags,
                                     const std::string& data, std::optional<double> when);

/// What graphite-web shows of an event that it has: two events of which this is equal cannot be
/// told apart there.
struct EventIdentity {
  std::string what;
  std::vector<std::string> tags;    ///< sorted, each once
  std::optional<std::string> data;  ///< none: no text, so nobody can say how it is shown
  std::int64_t second = 0;

  friend bool operator==(const EventIdentity&, const EventIdentity&) = default;
};

/// Of the text of an `EventLine`.
[[nodiscard]] EventIdentity identity_of(std::string_view line);

/// How many events of an answer of `GET /events/get_data` are that one. Fails if it is no such
/// answer.
[[nodiscard]] Result<std::size_t> count_stored(const EventIdentity& event, std::string_view answer);

/// The body of an answer to a bad event, as graphite-web has it.
[[nodiscard]] std::string event_error_body(const std::string& why);

}  // namespace carbon_spool
