#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "carbon_spool/output/event_sender.h"
#include "carbon_spool/wire/event.h"

#include "http_connection.h"
#include "moment.h"

namespace carbon_spool {

/// What graphite-web said to one attempt.
enum class Verdict {
  Stored,
  Refused,  ///< it never will be
  Later,    ///< not now; it may have been stored
};

/// Events that were stored lately, as far as they could be mistaken for another one: when an event
/// is looked for, these are not it. Bounded. Threads: one.
class StoredLately {
 public:
  void add(const EventIdentity& event);
  [[nodiscard]] std::size_t count(const EventIdentity& event) const;

 private:
  std::deque<EventIdentity> events_;
};

/// Whether it is an event that the server fails on, or the server that fails. Only what comes to
/// nothing while the server stores others speaks against the event. Threads: one.
class EventAtFault {
 public:
  explicit EventAtFault(Milliseconds patience) : patience_(patience) {}

  /// It was sent once more, and looked for, and is not there.
  void not_there(Moment now);
  /// Others are to be tried between two attempts: it may be holding them up.
  [[nodiscard]] bool makes_way() const { return in_vain_ >= kBeforeOthers; }
  void stored_another() { stored_another_ = true; }
  [[nodiscard]] bool is_certain(Moment now) const {
    return against_it_ >= kEnough && now >= since_ + patience_;
  }

 private:
  static constexpr unsigned kBeforeOthers = 3;
  static constexpr unsigned kEnough = 10;

  const Milliseconds patience_;
  unsigned in_vain_ = 0;
  unsigned against_it_ = 0;
  bool stored_another_ = false;  ///< since the last attempt
  Moment since_{};               ///< the first attempt that came to nothing
};

/// What an answer to `POST /events/` means (docs/events.md has the table).
[[nodiscard]] Verdict verdict_of(unsigned status);

/// `500 Internal Server Error: <the beginning of the body>`
[[nodiscard]] std::string describe_answer(const HttpAnswer& answer);

/// The question that stores an event, and the one whose answer has it if it is stored.
[[nodiscard]] HttpQuestion question_that_stores(const WebAddress& address, std::string_view line);
[[nodiscard]] HttpQuestion question_that_looks(const WebAddress& address,
                                               const EventIdentity& event);

inline constexpr std::size_t kMostOfAnswer = 64 * 1024;
/// All events of two seconds.
inline constexpr std::size_t kMostOfLook = 8 * 1024 * 1024;

/// The longest that a server's Retry-After is followed.
inline constexpr Milliseconds kLongestRetryAfter{300'000};

}  // namespace carbon_spool
