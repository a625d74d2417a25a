// What import makes of configurations of carbon-c-relay. That points go to the same places is
// tested against the real program (tests/peers/compare_import.py).

#include "carbon_spool/daemon/import.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "carbon_spool/daemon/config.h"

#include "relay_expression.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

class Files {
 public:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] Imported import(const std::string& text) const {
    write("f", text);
    auto imported = import_carbon_c_relay(folder_ / "f");
    if (!imported) FAIL(imported.error().message);
    return imported.value();
  }
  [[nodiscard]] std::string error(const std::string& text) const {
    write("f", text);
    auto imported = import_carbon_c_relay(folder_ / "f");
    REQUIRE_FALSE(imported);
    return shortened(imported.error().message);
  }
  [[nodiscard]] std::vector<std::string> notes(const std::string& text) const {
    std::vector<std::string> notes;
    for (const ImportNote& each : import(text).notes) {
      notes.push_back(shortened(to_string(each)));
    }
    return notes;
  }

 private:
  /// Without the folder.
  [[nodiscard]] std::string shortened(std::string text) const {
    const std::string folder = folder_.path() + '/';
    for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }

  TempDir folder_;
};

RoutingOptions routing_of(const Imported& imported) {
  const LoadedConfig loaded = parse_config(imported.toml, "toml");
  for (const ConfigError& error : loaded.errors) FAIL_CHECK(to_string(error));
  REQUIRE(loaded.config.routing);
  return loaded.config.routing->options();
}

const std::string kClusters =
    "cluster a forward 10.0.0.1 10.0.0.2:2004; cluster r carbon_ch 10.0.0.3 10.0.0.1;\n";

TEST_CASE("clusters become destinations and clusters, a server in two of them once", "[import]") {
  const Imported imported = Files().import(
      "cluster c fnv1a_ch replication 2 [::1]:2010=x host=007 10.0.0.1:2003 ;\n"
      "cluster d forward 10.0.0.1 ; match * send to c d ;");
  CHECK(imported.notes.empty());
  const RoutingOptions options = routing_of(imported);
  REQUIRE(options.destinations.size() == 3);
  CHECK(options.destinations[0].name == "::1:2010");
  CHECK(options.destinations[0].host == "::1");
  CHECK(options.destinations[0].instance == "x");
  CHECK(options.destinations[1].host == "host");
  CHECK(options.destinations[1].port == 2003);
  CHECK(options.destinations[1].instance == "7");
  REQUIRE(options.clusters.size() == 1);
  CHECK(options.clusters[0].select == Select::Fnv1aCh);
  CHECK(options.clusters[0].replication == 2);
  CHECK(options.clusters[0].members.size() == 3);
  REQUIRE(options.routes.size() == 1);
  CHECK(options.routes[0].match.empty());
  CHECK(options.routes[0].to == std::vector<std::string>{"c", "10.0.0.1:2003"});
  CHECK(options.cleanse);
  CHECK_FALSE(options.match_tags);
}

TEST_CASE("a cluster that is called as something else gets another name", "[import]") {
  const RoutingOptions options = routing_of(Files().import(
      "cluster \"a b\" carbon_ch 1.2.3.4; cluster a-b carbon_ch 1.2.3.4; cluster drop fnv1a_ch h;\n"
      "match * send to \"a b\" a-b drop;"));
  CHECK(options.routes[0].to == std::vector<std::string>{"a-b", "a-b-2", "drop-2"});
}

TEST_CASE("matches become routes", "[import]") {
  const Imported imported = Files().import(
      kClusters +
      "match ^x \"y z\" w\\ v send to a stop; match bad send to blackhole; match nothing stop;");
  CHECK(imported.notes.empty());
  const RoutingOptions options = routing_of(imported);
  REQUIRE(options.routes.size() == 2);
  CHECK(options.routes[0].match == std::vector<std::string>{"^x", "y\\ z", "w\\ v"});
  CHECK(options.routes[0].stop);
  CHECK(options.routes[1].to == std::vector<std::string>{"drop"});
}

TEST_CASE("without a match points go nowhere", "[import]") {
  const RoutingOptions options = routing_of(Files().import(kClusters));
  REQUIRE(options.routes.size() == 1);
  CHECK(options.routes[0].to == std::vector<std::string>{"drop"});
}

TEST_CASE("listeners become inputs, and without one there are those of carbon-c-relay",
          "[import]") {
  const auto listens = [](const std::string& text) {
    const LoadedConfig loaded = parse_config(Files().import(kClusters + text).toml, "toml");
    std::vector<std::string> all;
    for (const InputOptions& input : loaded.config.inputs) {
      for (const Address& each : input.listen) all.push_back(input.name + ' ' + to_string(each));
    }
    return all;
  };
  CHECK(listens("listen type linemode 2010 proto tcp 10.0.0.9:7 proto udp [::1] proto tcp\n"
                "/run/s proto unix; listen type linemode 9 proto udp;") ==
        std::vector<std::string>{"graphite tcp://0.0.0.0:2010", "graphite tcp://[::]:2010",
                                 "graphite udp://10.0.0.9:7", "graphite tcp://[::1]:2003",
                                 "graphite unix:///run/s", "graphite-2 udp://0.0.0.0:9",
                                 "graphite-2 udp://[::]:9"});
  CHECK(listens("").size() == 5);
}

TEST_CASE("included files stand where they are included", "[import]") {
  const Files files;
  files.write("d/1", "include d2/*.conf;");
  files.write("d/d2/a.conf", "# one\ncluster a forward h;");
  files.write("d/d2/b.conf", "match x validate y else log send to a;");
  const Imported imported = files.import("include d/1; match * send to a;");
  REQUIRE(imported.notes.size() == 1);
  CHECK_THAT(imported.notes[0].file, Catch::Matchers::EndsWith("d/d2/b.conf"));
  CHECK(routing_of(imported).routes.size() == 2);
}

TEST_CASE("a file that includes itself is an error", "[import]") {
  CHECK_THAT(Files().error("\ninclude f;"), StartsWith("f:2: include: ") && Contains("too deep"));
}

TEST_CASE("an error names file and line, and what was expected", "[import]") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {"foo;",
       "f:1: expected 'cluster', 'match', 'rewrite', 'aggregate', 'statistics', 'send', "
       "'listen' or 'include', found 'foo'"},
      {"cluster c\n carbon h;",
       "f:2: expected 'forward', 'any_of', 'failover', 'carbon_ch', "
       "'fnv1a_ch', 'jump_fnv1a_ch' or 'file', found 'carbon'"},
      {"cluster c forward ;", "f:1: expected a server, as host:port=instance, found ';'"},
      {"cluster c forward h udp;", "f:1: expected a server, as host:port=instance, found 'udp'"},
      {"cluster c forward h:0;",
       "f:1: the port of 'h:0': expected a number from 1 to 65535, found '0'"},
      {"cluster c forward [::1;", "f:1: expected ']' in '[::1'"},
      {"cluster c carbon_ch replication x h;",
       "f:1: replication: expected a number from 1 to 255, found 'x'"},
      {"cluster c carbon_ch\nreplication 2 h;",
       "f:1: cluster c: expected at least as many servers as copies, found 1 for 2"},
      {"cluster c forward h;\ncluster c forward g;", "f:2: there is a cluster 'c' already"},
      {"cluster c forward h=1;\ncluster d forward\nh=2;",
       "f:3: expected h:2003 with instance '1', as before, found '2'"},
      {"cluster c forward h\nmatch",
       "f:2: expected a server, as host:port=instance, found the end "
       "of the file"},
      {"match a send to b;", "f:1: expected a cluster that was defined before, found 'b'"},
      {"match a send\nstop;", "f:2: expected 'to', found 'stop'"},
      {"match * a send to b;", "f:1: expected ';', found 'a'"},
      {"match (a send to b;", "f:1: the expression '(a': Unmatched ( or \\("},
      {"match a=b send to c;", "f:1: expected an expression or '*', found '='"},
      {"match a validate b else stop;", "f:1: expected 'log' or 'drop', found 'stop'"},
      {"match \"a\n",
       "f:1: expected an expression or '*', found a string without its closing quote"},
      {"rewrite a\nto b;", "f:2: expected 'into', found 'to'"},
      {"listen type linemode 2003 proto sctp;",
       "f:1: expected 'tcp', 'udp' or 'unix', found 'sctp'"},
      {"# one\n\ninclude nothing*;", "f:3: include: there is no file 'nothing*'"},
      {"send metrics to a;", "f:1: expected 'statistics', found 'metrics'"},
      {"aggregate a every 5 seconds;", "f:1: expected 'compute', found ';'"},
  }));
  CAPTURE(text);
  CHECK(Files().error(text) == error);
}

TEST_CASE("a zero byte in a string is an error", "[import]") {
  using namespace std::string_literals;
  CHECK(Files().error("match \"a\0[\" send to b;"s) ==
        "f:1: expected an expression or '*', found a string with a zero byte");
}

TEST_CASE("what is not carried over is named with its line, and in the TOML", "[import]") {
  const auto [text, note] = GENERATE(table<std::string, std::string>({
      {"aggregate a\nevery 5 seconds expire after 9 seconds compute sum write to b;",
       "f:2: aggregate"},
      {"statistics submit every 5 seconds;", "f:2: statistics"},
      {"send statistics to a stop;", "f:2: send statistics to"},
      {"match * validate a else drop;", "f:2: validate a else drop"},
      {"match * validate a else log send to r;", "f:2: validate a else log"},
      {"match a route using \\1 send to r;", "f:2: route using \\1"},
      {"match (a)\\1 b send to r;", "f:2: the expression '(a)\\1' has a back reference"},
      {"match \\<a b send to r;", "f:2: the expression '\\<a' has the edge of a word, \\<"},
      {"match [[.a.]] b send to r;", "f:2: the expression '[[.a.]]' has a collating element, [."},
      {"match a{0,2000} b send to r;", "f:2: the expression 'a{0,2000}': "},
      {"cluster u forward\nh proto udp;", "f:3: h:2003: proto udp"},
      {"cluster u forward\nh transport gzip;", "f:3: h:2003: transport gzip"},
      {"cluster u any_of useall h;", "f:2: cluster u: useall"},
      {"cluster u fnv1a_ch dynamic h;", "f:2: cluster u: dynamic"},
      {"cluster u jump_fnv1a_ch h g\nh;", "f:3: h:2003 is in this ring twice"},
      {"cluster u file /a;", "f:2: cluster u: carbon-spool writes no files"},
      {"listen type linemode transport plain ssl /a 2003 proto tcp;",
       "f:2: listen: transport plain ssl"},
      {"rewrite a.b into c; match * send to a;", "f:2: rewrite a.b: without a group"},
      {"rewrite (a) into \\2; match * send to a;", "f:2: rewrite (a): there is no group \\2"},
      {"rewrite (a|ab) into c; match * send to a;", "f:2: rewrite (a|ab): of several alternatives"},
      {"match * send to a; rewrite a into b; match b send to r;",
       "f:2: rewrite a: it comes behind the match at f:2"},
      {"match ^x send to a; rewrite ^a into x.b; match b send to r;",
       "f:2: rewrite ^a: it comes behind"},
  }));
  CAPTURE(text);
  const Files files;
  const std::vector<std::string> notes = files.notes(kClusters + text);
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], StartsWith(note));
  const Imported imported = files.import(kClusters + text);
  CHECK_THAT(imported.toml, Contains("# NOT AS IT WAS: " + to_string(imported.notes[0]) + '\n'));
}

TEST_CASE("ssl is written as the address that does not exist yet", "[import]") {
  const Imported imported = Files().import("cluster u forward h:1 transport plain ssl;");
  CHECK(imported.notes.size() == 1);
  CHECK_THAT(imported.toml, Contains("address = \"tls://h:1\""));
}

TEST_CASE("a match without the last of its expressions or targets is left out, not widened",
          "[import]") {
  const RoutingOptions options = routing_of(
      Files().import(kClusters + "cluster f file /a; match (a)\\1 send to a; match b send to f;"
                                 "match c send to f stop; match d send to f a;"));
  REQUIRE(options.routes.size() == 2);
  CHECK(options.routes[0].match == std::vector<std::string>{"c"});
  CHECK(options.routes[0].to == std::vector<std::string>{"drop"});
  CHECK(options.routes[1].match == std::vector<std::string>{"d"});
}

TEST_CASE("POSIX expressions become those of RE2", "[import]") {
  const auto [posix, re2] = GENERATE(table<std::string, std::string>({
      {"^a\\.b.*$", "^a\\.b.*$"},
      {"a+?", "(?:a+)?"},
      {"(a|b)**c", "(?:(a|b)*)*c"},
      {"a{2}{3}", "(?:a{2}){3}"},
      {"a{,2}", "a{0,2}"},
      {"a)b", "a\\)b"},
      {"\\d\\-\\n", "d\\-n"},
      {"\\w\\b", "\\w\\b"},
      {"[a\\.]", "[a\\\\\\.]"},
      {"[]a]", "[\\]a]"},
      {"[^]a-c-]", "[^\\]a-c\\-]"},
      {"[[:alpha:]_]x", "[[:alpha:]_]x"},
      {"[a[]", "[a\\[]"},
      {"()", "()"},
  }));
  CAPTURE(posix);
  CHECK_FALSE(problem_of_expression(posix));
  CHECK(translate_expression(posix).value() == re2);
}

TEST_CASE("replacements mean what carbon-c-relay makes of them", "[import]") {
  const auto [theirs, ours] = GENERATE(table<std::string, std::string>({
      {"a.\\1b\\_2\\^3", "a.\\1b\\_2^3"},
      {"\\_1\\2", "\\_1\\_2"},
      {"\\1\\_2", "\\1_2"},
      {"\\_.1.\\^.2", "\\_.1.\\^.2"},
      {"\\0a\\01", "a\\1"},
      {"\\q\\\\r\\", "qr"},
  }));
  CAPTURE(theirs);
  const RelayReplacement replacement = translate_replacement(theirs, 3);
  CHECK(replacement.text == ours);
  CHECK(replacement.missing.empty());
}

TEST_CASE("alternatives of which only one can match need no warning", "[import]") {
  CHECK_FALSE(may_match_longer("^(servers|hosts)\\."));
  CHECK_FALSE(may_match_longer("(a|ab)(.*)$"));
  CHECK_FALSE(may_match_longer("[|]"));
  CHECK(may_match_longer("(a|ab)"));
  CHECK(may_match_longer("a|ab$"));
  CHECK(may_match_longer("(.|ab)c"));
}

}  // namespace
}  // namespace carbon_spool
