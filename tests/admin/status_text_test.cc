#include <sstream>

#include <catch2/catch.hpp>

#include "carbon_spool/admin/status.h"

#include "status_example.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;

/// One destination, connected and caught up: all is well.
Status healthy_status() {
  Status status = example_status();
  status.destinations.pop_back();
  return status;
}

// The documentation shows this page.
constexpr const char* kPage = R"(carbon-spool 0.1.0, running for 3d 2h, pid 4711: needs a look

queue /var/lib/carbon-spool
  waiting       1,234,567 points in 812 batches
  on disk       117.7 MiB of 1.0 GiB (11%), when full drop_oldest
  oldest point  2026-01-02 02:02:02 UTC, 1h 2m ago
  dropped       12 points, over all destinations

input graphite, tcp://0.0.0.0:2003, udp://0.0.0.0:2003
  accepted      123,456,789 points, 42 connections open
  refused       12 lines: bad_value 10, no_value 2

destination primary, tcp://graphite.example.com:2003
  state         connected for 3h 3m
  waiting       200 points, sent and not yet confirmed
  sending       1,000 points/s, caught up
  acknowledged  123,456,589 of 123,456,789 points
  dropped       none

destination backup, tcp://[2001:db8::1]:2003
! state         backing_off for 1h 2m
  waiting       1,234,567 points
! unsent        1,234,567 points, the oldest for 1h 2m
  sending       0 points/s
  acknowledged  122,222,210 of 123,456,789 points
  reconnected   3 times, 200 points sent again
! dropped       12 points: cap 12; last 5m ago
  last error    connect to 2001:db8::1 port 2003: Connection refused
)";

TEST_CASE("the page tells state, backlog and losses, and marks what needs a look", "[admin]") {
  CHECK(to_text(example_status(), kNow, false) == kPage);
}

TEST_CASE("with bars the page shows how full the queue is", "[admin]") {
  CHECK_THAT(to_text(example_status(), kNow, true),
             Contains("\n  on disk       [###...........................] 11%, "
                      "117.7 MiB of 1.0 GiB\n"));
  Status status;
  status.queue.bytes_on_disk = 65 << 20;
  status.queue.max_size_bytes = 64 << 20;
  CHECK_THAT(to_text(status, kNow, true), Contains('[' + std::string(30, '#') + "] 100%"));
}

TEST_CASE("no line of the page is wider than a terminal", "[admin]") {
  Status status = example_status();
  DestinationStatus& destination = status.destinations.front();
  destination.last_error = "connect to graphite.example.com: " + std::string(40, 'x') +
                           " and then many more words about what went wrong with that";
  destination.points_dropped_total = 123'456'789;
  destination.dropped = {
      {"cap", 100'000'000}, {"cap_unread", 23'000'000}, {"poison", 456'789}, {"unreadable", 1}};
  destination.last_drop_at = kNow - 4000;
  status.inputs.front().listen.push_back("unix:///run/carbon-spool/graphite.sock");
  for (const bool bars : {false, true}) {
    std::istringstream lines(to_text(status, kNow, bars));
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(line.size() <= 80);
    }
  }
  CHECK_THAT(to_text(status, kNow, false),
             Contains("\n  last error    connect to graphite.example.com:\n                xxx"));
}

TEST_CASE("a destination that is behind says when it will be caught up", "[admin]") {
  Status status = healthy_status();
  DestinationStatus& destination = status.destinations.front();
  destination.points_pending = 5000;
  destination.points_unconfirmed = 2000;
  destination.oldest_unsent_seconds = 30;
  destination.points_per_second = 2.34;
  destination.seconds_to_catch_up = 125;
  const std::string page = to_text(status, kNow, false);
  CHECK_THAT(page, Contains("\n  waiting       5,000 points, 2,000 of them sent and unconfirmed\n"
                            "  unsent        3,000 points, the oldest for 30s\n"
                            "  sending       2.3 points/s, caught up in 2m 5s\n"));
}

TEST_CASE("the page of a stopped daemon says so and judges no connection", "[admin]") {
  Status status = healthy_status();
  status.state = "stopped";
  status.destinations.front().state = "stopped";
  status.destinations.front().since = 0;
  const std::string page = to_text(status, kNow, false);
  CHECK_THAT(page, Contains("carbon-spool 0.1.0, not running: the queue as it was left\n"));
  CHECK_THAT(page, Contains("\n  state         stopped\n"));
  CHECK_THAT(page, !Contains("sending"));
  CHECK_FALSE(needs_a_look(status, kNow));
}

TEST_CASE("control bytes never reach the terminal", "[admin]") {
  Status status = healthy_status();
  status.destinations.front().last_error = "a\x1b[2Jb\nc";
  CHECK_THAT(to_text(status, kNow, false), Contains("last error    a?[2Jb?c\n"));
}

TEST_CASE("a daemon that is connected and caught up needs no look", "[admin]") {
  CHECK_FALSE(needs_a_look(healthy_status(), kNow));
  CHECK_THAT(to_text(healthy_status(), kNow, false), Contains("pid 4711: all is well\n"));
}

TEST_CASE("a destination that is not connected needs a look", "[admin]") {
  Status status = healthy_status();
  status.destinations.front().state =
      GENERATE("connecting", "backing_off", "stalled", "unconfirmed");
  CHECK(needs_a_look(status, kNow));
  status.state = "stopping";
  CHECK(needs_a_look(status, kNow));
  status.state = "stopped";
  CHECK_FALSE(needs_a_look(status, kNow));
}

TEST_CASE("an orphan needs a look for its points, not for its connection", "[admin]") {
  Status status = healthy_status();
  status.destinations.front().state = "orphan";
  CHECK_FALSE(needs_a_look(status, kNow));
  status.destinations.front().oldest_unsent_seconds = 61;
  CHECK(needs_a_look(status, kNow));
}

TEST_CASE("unsent points need a look when they are older than a minute", "[admin]") {
  Status status = healthy_status();
  status.destinations.front().oldest_unsent_seconds = 60;
  CHECK_FALSE(needs_a_look(status, kNow));
  status.destinations.front().oldest_unsent_seconds = 61;
  CHECK(needs_a_look(status, kNow));
  status.state = "stopped";
  CHECK(needs_a_look(status, kNow));
}

TEST_CASE("dropped points need a look for an hour", "[admin]") {
  Status status = healthy_status();
  status.destinations.front().last_drop_at = kNow - 3600;
  CHECK_FALSE(needs_a_look(status, kNow));
  status.destinations.front().last_drop_at = kNow - 3599;
  CHECK(needs_a_look(status, kNow));
}

TEST_CASE("an error of the queue needs a look", "[admin]") {
  Status status = healthy_status();
  status.queue.last_error = "no space left on device";
  CHECK(needs_a_look(status, kNow));
  CHECK_THAT(to_text(status, kNow, false), Contains("\n! error         no space left on device\n"));
}

}  // namespace
}  // namespace carbon_spool
