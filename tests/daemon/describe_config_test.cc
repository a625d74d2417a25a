#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;

/// In one line, so that a test does not depend on where lines are wrapped.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

/// What `check` prints.
std::string description_of(const std::string& text) {
  const LoadedConfig loaded = parse_config(text, "test.toml");
  for (const ConfigError& error : loaded.errors) FAIL_CHECK(to_string(error));
  return unwrapped(describe(loaded.config));
}

const std::string kGood = "[[input]]\n[[destination]]\naddress = 'tcp://graphite:2003'\n";

TEST_CASE("the description names folder, cap, listeners, destinations and socket", "[config]") {
  const std::string text = description_of(kGood);
  CHECK_THAT(text, Contains("/var/lib/carbon-spool, at most 1GiB on disk"));
  CHECK_THAT(text, Contains("(drop_oldest)"));
  CHECK_THAT(text, Contains("tcp://0.0.0.0:2003, udp://0.0.0.0:2003"));
  CHECK_THAT(text, Contains("graphite: tcp://graphite:2003"));
  CHECK_THAT(text, Contains("/run/carbon-spool/admin.sock"));
}

TEST_CASE("the description says in plain words what acknowledge = kernel gives up", "[config]") {
  const std::string kernel = description_of(kGood + "acknowledge = 'kernel'\n");
  CHECK_THAT(kernel, Contains("had not read yet when it dies or hangs is lost"));
  CHECK_THAT(kernel, Contains("the last 8MiB (resend_window)"));
  CHECK_THAT(description_of(kGood + "acknowledge = 'kernel'\nresend_window = '0s'\n"),
             Contains("nothing is sent again"));
  CHECK_THAT(description_of(kGood), !Contains("is lost"));
}

TEST_CASE("the description shows the confirm_bytes in force", "[config]") {
  CHECK_THAT(description_of(kGood + "[queue]\nmax_size = '64MiB'\n"), Contains("for 1m or 4MiB"));
  CHECK_THAT(description_of(kGood + "[queue]\nmax_size = '64MiB'\n"),
             Contains("confirm_bytes is 32MiB; a sixteenth of max_size is the most"));
  CHECK_THAT(description_of(kGood), !Contains("a sixteenth"));
}

TEST_CASE("each input and destination has a paragraph of its own", "[config]") {
  const LoadedConfig loaded =
      parse_config(kGood +
                       "[[destination]]\nname = 'second'\naddress = 'unix:///run/g.sock'\n"
                       "replay = 'oldest_first'\nstart = 'oldest'\nresend_window = '1MiB'\n"
                       "[[input]]\nname = 'other'\nlisten = ['tcp://127.0.0.1:0']\n"
                       "[queue]\nwhen_full = 'block'\nsync = 'never'\nmin_free_disk = '0B'\n",
                   "test.toml");
  REQUIRE(loaded.errors.empty());
  std::istringstream lines(describe(loaded.config));
  std::vector<std::string> titles;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 100);
    if (!line.empty() && line[0] != ' ') titles.push_back(line.substr(0, line.find(' ')));
  }
  CHECK(titles == std::vector<std::string>{"queue", "input", "input", "destination", "destination",
                                           "daemon"});
  const std::string text = unwrapped(describe(loaded.config));
  CHECK_THAT(text, Contains("(block)") && Contains("Nothing is forced to the disk") &&
                       !Contains("counts as full"));
  CHECK_THAT(text, Contains("(oldest_first)") && Contains("begins with the oldest points"));
  CHECK_THAT(text, Contains("the last 1MiB of confirmed points"));
}

}  // namespace
}  // namespace carbon_spool
