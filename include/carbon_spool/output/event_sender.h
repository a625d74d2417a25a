#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/output/graphite_sender.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// Where a graphite-web is: `http://host:port/prefix`.
struct WebAddress {
  Address server;      ///< tcp
  std::string prefix;  ///< empty, or as `/graphite`

  friend bool operator==(const WebAddress&, const WebAddress&) = default;
};

/// Reads `http://host`, `http://host:port` or one with a path. Fails saying what was expected.
[[nodiscard]] Result<WebAddress> parse_web_address(std::string_view text);
/// The inverse.
[[nodiscard]] std::string to_string(const WebAddress& address);

struct EventSenderOptions {
  std::string name;
  WebAddress address;
  Milliseconds connect_timeout{5'000};
  Milliseconds confirm_timeout{60'000};  ///< how long an answer may take
  Milliseconds backoff_max{30'000};
  /// How long what was sent without an answer may take to appear before it is looked for.
  Milliseconds settle{1'000};
  /// How long the server may fail on one event, while it stores others, before that is set aside.
  Milliseconds patience{600'000};

  friend bool operator==(const EventSenderOptions&, const EventSenderOptions&) = default;
};

/// Drains one reader of a queue of events (batches of one line of JSON each) to one graphite-web,
/// one at a time, on a thread of its own (`send-<name>`): in order, but for those it fails on.
///
/// Promise:  an event is acknowledged when the answer said that it was stored, and set aside when
///           it said that it never will be, or failed on it for long while it stored others. Where
///           there was no such answer, or it cannot be known whether it was sent before, it is
///           looked for there before it is sent (docs/events.md).
/// Threads:  the owner makes, stops and destroys it; `stats` from any thread.
class EventSender {
 public:
  /// Starts the thread. `reader` must outlive it. `events_waiting` as of `GraphiteSender::start`.
  [[nodiscard]] static std::unique_ptr<EventSender> start(
      const EventSenderOptions& options, Reader& reader,
      std::function<std::uint64_t()> events_waiting = {});

  virtual ~EventSender() = default;

  /// Begins to drain: sends what is to be sent, or only gets the answer to the event under way;
  /// ends at the latest after `timeout`. See `finished`.
  virtual void drain(Milliseconds timeout, Drain what) = 0;
  virtual void finished() = 0;

  [[nodiscard]] virtual SenderStats stats() const = 0;
};

/// What `check --connect` finds out: whether it answers, and whether events can be looked for there
/// (`confirmed`).
[[nodiscard]] Probe probe_web(const WebAddress& address, Milliseconds connect_timeout,
                              Milliseconds answer_timeout);

}  // namespace carbon_spool
