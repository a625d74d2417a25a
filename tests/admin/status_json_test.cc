#include <catch2/catch.hpp>

#include "carbon_spool/admin/status.h"

#include "status_example.h"

namespace carbon_spool {
namespace {

TEST_CASE("the JSON of a status has the documented keys, in their order", "[admin]") {
  Status status = example_status();
  status.destinations.erase(status.destinations.begin());
  const std::string expected =
      R"({"version":"0.1.0","state":"running","pid":4711,"uptime_seconds":266400,)"
      R"("queue":{"points":1234567,"batches":812,"bytes_on_disk":123456789,)"
      R"("max_size_bytes":1073741824,"when_full":"drop_oldest","oldest_timestamp":1767319322,)"
      R"("newest_timestamp":1767323045,"dropped_points_total":12,)"
      R"("path":"/var/lib/carbon-spool","last_error":null,"points_in_memory":0,"set_aside":[],)"
      R"("events":null},)"
      R"("inputs":[{"name":"graphite","type":"graphite",)"
      R"("listen":["tcp://0.0.0.0:2003","udp://0.0.0.0:2003"],"connections":42,)"
      R"("points_total":123456789,"rejected_total":12,)"
      R"("rejected":{"bad_value":10,"line_too_long":0,"no_value":2},)"
      R"("connections_refused_total":0,"fragments_cut_total":0,"datagrams_dropped_total":0,)"
      R"("points_dropped_total":0,"packets_unforwarded_total":0,"failing":{},"files":[]}],)"
      R"("destinations":[{"name":"backup","address":"tcp://[2001:db8::1]:2003",)"
      R"("state":"backing_off","since":1767319325,"points_received_total":123456789,)"
      R"("points_acknowledged_total":122222210,"points_routed_elsewhere_total":0,)"
      R"("points_pending":1234567,"points_unconfirmed":0,"points_dropped_total":12,)"
      R"("dropped":{"cap":12},"oldest_pending_timestamp":1767319322,)"
      R"("points_sent_total":122222410,"points_resent_total":200,"points_per_second":0.0,)"
      R"("seconds_to_catch_up":null,"reconnects_total":3,)"
      R"("last_error":"connect to 2001:db8::1 port 2003: Connection refused",)"
      R"("last_drop_at":1767322745,"oldest_unsent_seconds":3722,)"
      R"("points_live":0,"points_backlog":0,"points_kept":0,)"
      R"("backlog_points_per_second":0.0,"points_pending_is_upper_bound":false,"points_rerouted_total":0,)"
      R"("type":"graphite"}],"last_reload_error":null,"clusters":[]})";
  CHECK(to_json(status) == expected);
}

TEST_CASE("what is not there is null, an empty object or an empty list", "[admin]") {
  Status status;
  status.destinations.emplace_back();
  const std::string json = to_json(status);
  CHECK(json.find(R"("oldest_timestamp":null)") != std::string::npos);
  CHECK(json.find(R"("dropped":{})") != std::string::npos);
  CHECK(json.find(R"("inputs":[])") != std::string::npos);
  CHECK(json.find(R"("last_error":null)") != std::string::npos);
}

TEST_CASE("a status survives the way through JSON", "[admin]") {
  const std::string json = to_json(example_status());
  const Result<Status> back = status_from_json(json);
  REQUIRE(back);
  CHECK(to_json(back.value()) == json);
  CHECK(back.value().destinations.at(1).last_error ==
        "connect to 2001:db8::1 port 2003: Connection refused");
}

TEST_CASE("a status of a newer or an older daemon can be read", "[admin]") {
  const Result<Status> status = status_from_json(
      R"({"version":"9.9","colour":"green","queue":{"points":7,"depth":{"a":[1]}},)"
      R"("destinations":[{"name":"a","points_pending":3}],"clusters":[{"name":"eu"}]})");
  REQUIRE(status);
  CHECK(status.value().version == "9.9");
  CHECK(status.value().queue.points == 7);
  CHECK_FALSE(status.value().queue.oldest_timestamp);
  CHECK(status.value().destinations.at(0).points_pending == 3);
}

TEST_CASE("what is not a status is refused", "[admin]") {
  for (const char* text : {"", "[]", "{", R"("running")", R"({"pid":"many"})", R"({"inputs":{}})",
                           R"({"destinations":[7,"x"]})"}) {
    INFO(text);
    const Result<Status> status = status_from_json(text);
    REQUIRE_FALSE(status);
    CHECK(status.error().message.rfind("not a status: ", 0) == 0);
  }
}

TEST_CASE("text that is not UTF-8 still makes JSON", "[admin]") {
  Status status;
  status.queue.path = "/tmp/\xff";
  const Result<Status> back = status_from_json(to_json(status));
  REQUIRE(back);
  CHECK(back.value().queue.path == "/tmp/\xef\xbf\xbd");
}

TEST_CASE("a rate is written with one digit", "[admin]") {
  Status status;
  status.destinations.emplace_back().points_per_second = 1234.56789;
  CHECK(to_json(status).find(R"("points_per_second":1234.6,)") != std::string::npos);
}

}  // namespace
}  // namespace carbon_spool
