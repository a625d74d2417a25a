#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> errors;
  for (const ConfigError& error : parse_config(text, "f").errors)
    errors.push_back(to_string(error));
  return errors;
}

/// The one error of a text that is good but for some keys: of the queue, of an input, …
std::string only_error(const std::string& text) {
  const std::vector<std::string> errors = errors_of(text);
  if (errors.size() != 1) {
    for (const std::string& each : errors) UNSCOPED_INFO(each);
    UNSCOPED_INFO(text);
  }
  REQUIRE(errors.size() == 1);
  return errors[0];
}

// Each puts the key in question on line 5.
std::string in_queue(const std::string& key) {
  return "[[input]]\n[[destination]]\naddress='tcp://g:1'\n[queue]\n" + key + "\n";
}
std::string in_input(const std::string& key) {
  return "[[destination]]\naddress='tcp://g:1'\n\n[[input]]\n" + key + "\n";
}
std::string in_destination(const std::string& key) {
  return "[[input]]\n\n[[destination]]\naddress='tcp://g:1'\n" + key + "\n";
}
std::string in_table(const std::string& table, const std::string& key) {
  return "[[input]]\n[[destination]]\naddress='tcp://g:1'\n[" + table + "]\n" + key + "\n";
}

TEST_CASE("an error names file, line, key, what was expected and what was found", "[config]") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {in_queue("path = ''"), R"(f:5: queue.path: expected the path of a folder, found "")"},
      {in_queue("path = 5"), "f:5: queue.path: expected the path of a folder, found the integer 5"},
      {in_queue(R"(path = "a\u0000b")"),
       "f:5: queue.path: expected the path of a folder, found a string with a zero byte"},
      {in_queue("max_size = 1000000"),
       R"(f:5: queue.max_size: expected a size, such as "64KiB", "1GiB" or "500MB", found the integer 1000000)"},
      {in_queue("max_size = '1 GiB'"),
       R"(f:5: queue.max_size: expected a size, such as "64KiB", "1GiB" or "500MB", found "1 GiB")"},
      {in_queue("max_size = '15MiB'"),
       R"(f:5: queue.max_size: expected a size of at least "16MiB", found "15MiB")"},
      {in_queue("when_full = 'drop'"),
       R"(f:5: queue.when_full: expected "drop_oldest", "drop_newest", "block", found "drop")"},
      {in_queue("when_full = true"),
       R"(f:5: queue.when_full: expected "drop_oldest", "drop_newest", "block", found the boolean true)"},
      {in_queue("sync = '0s'"),
       R"(f:5: queue.sync: expected "always", "never" or a duration, such as "1s", found "0s")"},
      {in_queue("sync = 1.5"),
       R"(f:5: queue.sync: expected "always", "never" or a duration, such as "1s", found a number with a fraction)"},
      {in_queue("max_age = '7'"),
       R"(f:5: queue.max_age: expected "unlimited" or a duration, such as "7d", found the string "7")"},
      {in_queue("max_age = 7"),
       R"(f:5: queue.max_age: expected "unlimited" or a duration, such as "7d", found the integer 7)"},
      {in_input("name = 'a b'"),
       R"(f:5: input[0].name: expected a name of 1 to 200 letters, digits and any of "_.:-", found "a b")"},
      {in_input("name = ''"),
       R"(f:5: input[0].name: expected a name of 1 to 200 letters, digits and any of "_.:-", found "")"},
      {in_input("type = 'pickle'\nlisten = ['tcp://h:1', 'udp://h:1']"),
       "f:6: input[0].listen: expected tcp:// or unix:// (pickle comes in streams), found "
       "\"udp://h:1\""},
      {in_input("type = 'tail'"),
       R"(f:4: input[0].path: expected a file such as "/var/log/app.log", or a list of them)"},
      {in_input("type = 'tail'\npath = 'app.log'"),
       R"(f:6: input[0].path: expected a path that begins with "/", found "app.log")"},
      {in_input("type = 'tail'\npath = '/a'\nstart = 'middle'"),
       R"(f:7: input[0].start: expected "end", "beginning", found "middle")"},
      {in_input("type = 'tail'\npath = '/a'\nprefix = 'x'"),
       "f:7: input[0].prefix: lines of parser = \"graphite\" are points as they are; remove it, or "
       "name another parser"},
      {in_input("type = 'tail'\npath = '/a'\nparser = 'json'\nflush_interval = '1500ms'"),
       R"(f:8: input[0].flush_interval: expected whole seconds, at most "1d", found "1500ms")"},
      {in_input("max_connections = 0"),
       "f:5: input[0].max_connections: expected an integer from 1 to 1000000, found the integer 0"},
      {in_input("max_connections = 99999999999999999999"),
       "f:5: input[0].max_connections: expected an integer from 1 to 1000000, found the integer "
       "9223372036854775807"},
      {in_input("max_connections = '5'"),
       "f:5: input[0].max_connections: expected an integer from 1 to 1000000, found the string "
       "\"5\""},
      {in_input("listen = []"),
       "f:5: input[0].listen: expected at least one address, found an empty array"},
      {in_input("listen = 'tcp://0.0.0.0:1'"),
       R"(f:5: input[0].listen: expected an array of addresses, such as ["tcp://0.0.0.0:2003", "udp://0.0.0.0:2003"], found the string "tcp://0.0.0.0:1")"},
      {in_input("listen = ['tcp://h:70000']"),
       R"(f:5: input[0].listen: expected a port from 0 to 65535, found "tcp://h:70000")"},
      {in_input("listen = ['udp://h:1',\n'tls://h:1']"),
       R"(f:6: input[0].listen: tls:// is not available yet, found "tls://h:1")"},
      {in_input("listen = ['tcp://a:1', 'tcp://a:1']"),
       R"(f:4: input[0].listen: expected addresses of its own, found "tcp://a:1", which input[0] has twice)"},
      {in_destination("confirm_every = '0s'"),
       R"(f:5: destination[0].confirm_every: expected a duration of more than zero, found "0s")"},
      {in_destination("confirm_every = 60"),
       R"(f:5: destination[0].confirm_every: expected a duration, such as "200ms", "5s", "10m" or "1h", found the integer 60)"},
      {in_destination("confirm_bytes = '0B'"),
       R"(f:5: destination[0].confirm_bytes: expected a size of at least "1B", found "0B")"},
      {in_destination("acknowledge = 'yes'"),
       R"(f:5: destination[0].acknowledge: expected "close", "kernel", found "yes")"},
      {in_destination("resend_window = 'much'"),
       R"(f:5: destination[0].resend_window: expected a duration, such as "10m", or a size, such as "8MiB", found "much")"},
      {in_destination("replay_rate = 0"),
       R"(f:5: destination[0].replay_rate: expected "unlimited" or points per second, such as 50000, found the integer 0)"},
      {in_destination("max_backlog = '1KiB'"),
       R"(f:5: destination[0].max_backlog: expected "unlimited" or a size of at least "1MiB", found the string "1KiB")"},
      {in_destination("prefix = 5"),
       "f:5: destination[0].prefix: expected a string, found the integer 5"},
      {in_destination("type = 'kafka'"),
       R"(f:5: destination[0].type: expected "graphite", "graphite_events", found "kafka")"},
      {in_table("daemon", "threads = 65"),
       "f:5: daemon.threads: expected an integer from 1 to 64, found the integer 65"},
      {in_table("daemon", "shutdown_timeout = 2020-01-01"),
       R"(f:5: daemon.shutdown_timeout: expected a duration, such as "200ms", "5s", "10m" or "1h", found a date or time)"},
      {in_table("daemon", "memory_limit = '1KiB'"),
       R"(f:5: daemon.memory_limit: expected a size of at least "1MiB", found "1KiB")"},
      {in_table("admin", "socket = ''"),
       R"(f:5: admin.socket: expected the path of a socket, found "")"},
      {in_table("admin", "listen = '127.0.0.1:8080'"),
       "f:5: admin.listen: not available yet; leave it out"},
      {in_table("log", "level = 'loud'"),
       R"(f:5: log.level: expected "debug", "info", "warning", "error", found "loud")"},
  }));
  CHECK(only_error(text) == error);
}

TEST_CASE("a destination's address must be one that can confirm", "[config]") {
  const auto [address, error] = GENERATE(table<std::string, std::string>({
      {"",
       R"(f:2: destination[0].address: expected an address, such as "tcp://graphite.example.com:2003"; this key has no default)"},
      {"address = 'udp://g:1'",
       R"(f:3: destination[0].address: expected tcp:// or unix:// (datagrams cannot be confirmed), found "udp://g:1")"},
      {"address = 'unixgram:///g'",
       R"(f:3: destination[0].address: expected tcp:// or unix:// (datagrams cannot be confirmed), found "unixgram:///g")"},
      {"address = 'tls://g:1'",
       R"(f:3: destination[0].address: tls:// is not available yet, found "tls://g:1")"},
      {"address = 'tcp://g:0'",
       R"(f:3: destination[0].address: expected a port from 1 to 65535, found "tcp://g:0")"},
      {"address = 'tcp://g'",
       R"(f:3: destination[0].address: expected a port after the host, found "tcp://g")"},
      {"address = 2003",
       R"(f:3: destination[0].address: expected an address, such as "tcp://graphite.example.com:2003", found the integer 2003)"},
  }));
  CHECK(only_error("[[input]]\n[[destination]]\n" + address + "\n") == error);
}

TEST_CASE("an unknown key is refused with the nearest known one", "[config]") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {in_queue("max_sise = '1GiB'"),
       R"(f:5: queue.max_sise: unknown key; did you mean "max_size"?)"},
      {in_input("adress = 1"), "f:5: input[0].adress: unknown key"},
      {in_destination("adress = 1"),
       R"(f:5: destination[0].adress: unknown key; did you mean "address"?)"},
      {in_destination("backoff = '1s'"),
       R"(f:5: destination[0].backoff: unknown key; did you mean "backoff_max"?)"},
      {in_table("daemon", "thread = 1"),
       R"(f:5: daemon.thread: unknown key; did you mean "threads"?)"},
      {in_table("admin", "\"a\\nb\" = 1"), R"(f:5: admin."a\x0Ab": unknown key)"},
      {in_table("logs", "level = 'info'"), R"(f:4: logs: unknown key; did you mean "log"?)"},
      {in_table("inputs", "a = 1"), R"(f:4: inputs: unknown key; did you mean "input"?)"},
      {in_table("something_else", "a = 1"), "f:4: something_else: unknown key"},
  }));
  CHECK(only_error(text) == error);
}

TEST_CASE("tables in the wrong form say which is right", "[config]") {
  const std::string good = "[[destination]]\naddress='tcp://g:1'\n[[input]]\n";
  CHECK(only_error(good + "[[queue]]\npath='a'\n") ==
        "f:4: queue: expected one table, [queue], found [[queue]]");
  CHECK(only_error("queue = 5\n" + good) ==
        "f:1: queue: expected one table, [queue], found the integer 5");
  CHECK_THAT(
      errors_of("[input]\n[[destination]]\naddress='tcp://g:1'\n"),
      Catch::VectorContains(std::string("f:1: input: expected tables, [[input]], found [input]")));
  CHECK_THAT(errors_of("destination = ['tcp://g:1']\n[[input]]\n"),
             Catch::VectorContains(
                 std::string("f:1: destination: expected tables, [[destination]], found the string "
                             "\"tcp://g:1\"")));
}

TEST_CASE("without inputs or destinations nothing can be done", "[config]") {
  CHECK(errors_of("") == std::vector<std::string>{
                             "f: input: expected at least one [[input]]",
                             "f: destination: expected at least one [[destination]]",
                         });
}

TEST_CASE("names and addresses must differ", "[config]") {
  SECTION("destinations of one name") {
    CHECK(
        only_error("[[input]]\n[[destination]]\nname='a'\naddress='tcp://g:1'\n"
                   "[[destination]]\nname='a'\naddress='tcp://h:1'\n") ==
        R"(f:5: destination[1].name: expected a name of its own, found "a", which is that of destination[0])");
  }
  SECTION("destinations without names on one host") {
    CHECK(
        only_error("[[input]]\n[[destination]]\naddress='tcp://g:1'\n"
                   "[[destination]]\naddress='tcp://g:2'\n") ==
        R"(f:4: destination[1].name: expected a name of its own, found "g", which is that of destination[0])");
  }
  SECTION("inputs of one name") {
    CHECK(
        only_error("[[destination]]\naddress='tcp://g:1'\n[[input]]\nlisten=['tcp://a:1']\n"
                   "[[input]]\nlisten=['tcp://a:2']\n") ==
        R"(f:5: input[1].name: expected a name of its own, found "graphite", which is that of input[0])");
  }
  SECTION("inputs that listen on one address") {
    CHECK(
        only_error("[[destination]]\naddress='tcp://g:1'\n[[input]]\nlisten=['tcp://a:1']\n"
                   "[[input]]\nname='b'\nlisten=['udp://a:1', 'tcp://a:1']\n") ==
        R"(f:5: input[1].listen: expected addresses of its own, found "tcp://a:1", which input[0] listens on)");
  }
  SECTION("a port that the kernel chooses may be asked for twice") {
    CHECK(errors_of("[[destination]]\naddress='tcp://g:1'\n[[input]]\n"
                    "listen=['tcp://a:0', 'tcp://a:0']\n")
              .empty());
  }
}

TEST_CASE("points may not be sent to an input of the same daemon", "[config]") {
  const auto [to, from] = GENERATE(table<std::string, std::string>({
      {"tcp://localhost:2003", "tcp://0.0.0.0:2003"},
      {"tcp://127.0.0.1:2003", "tcp://0.0.0.0:2003"},
      {"tcp://[::1]:2003", "tcp://[::]:2003"},
      {"tcp://localhost:2003", "tcp://127.0.0.1:2003"},
      {"tcp://relay:2003", "tcp://relay:2003"},
      {"unix:///run/a", "unix:///run/a"},
  }));
  CAPTURE(to, from);
  CHECK_THAT(
      only_error("[[input]]\nlisten=['" + from + "']\n[[destination]]\naddress='" + to + "'\n"),
      StartsWith("f:3: destination[0].address: expected another server") &&
          Contains("input[0] listens there"));
}

TEST_CASE("servers that are only near an input's address are left alone", "[config]") {
  const auto [to, from] = GENERATE(table<std::string, std::string>({
      {"tcp://localhost:2103", "tcp://0.0.0.0:2003"},
      {"tcp://graphite:2003", "tcp://0.0.0.0:2003"},
      {"tcp://127.0.0.1:2003", "udp://0.0.0.0:2003"},
      {"tcp://127.0.0.2:2003", "tcp://127.0.0.1:2003"},
      {"unix:///run/a", "unix:///run/b"},
      {"unix:///run/a", "unixgram:///run/a"},
  }));
  CAPTURE(to, from);
  CHECK(errors_of("[[input]]\nlisten=['" + from + "']\n[[destination]]\naddress='" + to + "'\n")
            .empty());
}

TEST_CASE("all errors come in one run, in the order of the file", "[config]") {
  const std::vector<std::string> errors = errors_of(
      "[log]\n"
      "level = 'loud'\n"
      "[[destination]]\n"
      "adress = 'tcp://g:1'\n"
      "confirm_every = 'often'\n"
      "[queue]\n"
      "max_size = '1MiB'\n"
      "[[input]]\n"
      "listen = ['tcp://a', 'b']\n");
  REQUIRE(errors.size() == 7);
  CHECK_THAT(errors[0], StartsWith("f:2: log.level: "));
  CHECK_THAT(errors[1], StartsWith("f:3: destination[0].address: "));
  CHECK_THAT(errors[2], StartsWith("f:4: destination[0].adress: "));
  CHECK_THAT(errors[3], StartsWith("f:5: destination[0].confirm_every: "));
  CHECK_THAT(errors[4], StartsWith("f:7: queue.max_size: "));
  CHECK_THAT(errors[5], StartsWith("f:9: input[0].listen: "));
  CHECK_THAT(errors[6], StartsWith("f:9: input[0].listen: "));
}

TEST_CASE("of syntax errors the first is told, with its line", "[config]") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {"[queue]\nmax_size = 1GiB\n",
       "f:2: not valid TOML: invalid line format (expected newline, but got 'G'.)"},
      {"[queue]\npath = \n",
       "f:2: not valid TOML: missing value after key-value separator '=' (expected value, but got "
       "nothing)"},
      {"[queue\npath = ''\n", "f:1: not valid TOML: an invalid key appeared. (is not a valid key)"},
      {"[queue]\npath = 'a'\npath = 'b'\n",
       "f:3: not valid TOML: value (\"path\") already exists. (value defined twice)"},
      {"[queue]\n[log]\n[queue]\n",
       "f:3: not valid TOML: table (\"queue\") already exists. (table defined twice)"},
      {"\n\npath = zz\n", "f:3: not valid TOML: bad format: unknown value appeared"},
  }));
  CHECK(only_error(text) == error);
}

}  // namespace
}  // namespace carbon_spool
