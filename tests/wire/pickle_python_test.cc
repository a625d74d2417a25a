// Pickles that a real Python makes, in every protocol, and Python's word for what is in them.

#include <cstdio>
#include <memory>
#include <set>
#include <sstream>

#include "pickles.h"

namespace carbon_spool {
namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::string output;
  char part[65536];
  while (const std::size_t size = std::fread(part, 1, sizeof part, pipe.get())) {
    output.append(part, size);
  }
  return output;
}

/// Numbers by what they are as doubles and everything else by its text; whole numbers in full.
bool same(const std::string& found, const std::string& expected) {
  if (found == expected) return true;
  const bool is_real = expected.find("0x") != expected.npos;
  return is_real && std::strtod(found.c_str(), nullptr) == std::strtod(expected.c_str(), nullptr);
}

struct Fields {
  std::string path;
  std::string value;
  std::string timestamp;
};

Fields fields_of(const std::string& line) {
  Fields fields;
  std::istringstream(line) >> fields.path >> fields.value >> fields.timestamp;
  return fields;
}

TEST_CASE("what Python pickles is read as what it was", "[pickle]") {
  std::istringstream output(
      output_of("/usr/bin/python3 " PROJECT_SOURCE_DIR "/tests/wire/make_pickles.py"));
  PickleReader reader;
  std::set<std::string> protocols;
  std::size_t compared = 0;
  for (std::string name, protocol, hex; output >> name >> protocol >> hex;) {
    CAPTURE(name, protocol);
    protocols.insert(protocol);
    const Unpickled result = unpickle(from_hex(hex), reader);
    CHECK_FALSE(result.refused_whole);
    CHECK(result.refused_items() == 0);
    std::istringstream lines(result.lines);
    std::string line;
    std::string expected;
    std::getline(output, expected);  // the end of the pickle's own line
    while (std::getline(output, expected) && !expected.empty()) {
      REQUIRE(std::getline(lines, line));
      const Fields found = fields_of(line);
      const Fields wanted = fields_of(expected);
      const bool equal = found.path == wanted.path && same(found.value, wanted.value) &&
                         same(found.timestamp, wanted.timestamp);
      if (!equal) FAIL_CHECK(line + " is not " + expected);
      ++compared;
    }
    CHECK_FALSE(std::getline(lines, line));
  }
  CHECK(protocols == std::set<std::string>{"0", "1", "2", "3", "4", "5"});
  CHECK(compared > 6 * 8000);
}

}  // namespace
}  // namespace carbon_spool
