#pragma once

#include "carbon_spool/admin/status.h"

namespace carbon_spool {

/// 2026-01-02 03:04:05 UTC.
inline constexpr std::int64_t kNow = 1767323045;

/// A daemon with one destination that is caught up and one that is down.
inline Status example_status() {
  Status status;
  status.version = "0.1.0";
  status.state = "running";
  status.pid = 4711;
  status.uptime_seconds = 266'400;
  status.queue.path = "/var/lib/carbon-spool";
  status.queue.points = 1'234'567;
  status.queue.batches = 812;
  status.queue.bytes_on_disk = 123'456'789;
  status.queue.max_size_bytes = 1ull << 30;
  status.queue.when_full = "drop_oldest";
  status.queue.oldest_timestamp = kNow - 3723;
  status.queue.newest_timestamp = kNow;
  status.queue.dropped_points_total = 12;

  InputStatus input;
  input.name = "graphite";
  input.type = "graphite";
  input.listen = {"tcp://0.0.0.0:2003", "udp://0.0.0.0:2003"};
  input.connections = 42;
  input.points_total = 123'456'789;
  input.rejected_total = 12;
  input.rejected = {{"bad_value", 10}, {"no_value", 2}, {"line_too_long", 0}};
  status.inputs.push_back(input);

  DestinationStatus primary;
  primary.name = "primary";
  primary.address = "tcp://graphite.example.com:2003";
  primary.state = "connected";
  primary.since = kNow - 11'000;
  primary.points_received_total = 123'456'789;
  primary.points_acknowledged_total = 123'456'589;
  primary.points_pending = 200;
  primary.points_unconfirmed = 200;
  primary.points_sent_total = 123'456'789;
  primary.points_per_second = 1000.04;
  status.destinations.push_back(primary);

  DestinationStatus backup;
  backup.name = "backup";
  backup.address = "tcp://[2001:db8::1]:2003";
  backup.state = "backing_off";
  backup.since = kNow - 3720;
  backup.points_received_total = 123'456'789;
  backup.points_acknowledged_total = 122'222'210;
  backup.points_pending = 1'234'567;
  backup.points_dropped_total = 12;
  backup.dropped = {{"cap", 12}};
  backup.oldest_pending_timestamp = kNow - 3723;
  backup.points_sent_total = 122'222'410;
  backup.points_resent_total = 200;
  backup.reconnects_total = 3;
  backup.last_error = "connect to 2001:db8::1 port 2003: Connection refused";
  backup.last_drop_at = kNow - 300;
  backup.oldest_unsent_seconds = 3722;
  status.destinations.push_back(backup);
  return status;
}

}  // namespace carbon_spool
