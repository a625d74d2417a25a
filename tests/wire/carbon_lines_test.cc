#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "lines.h"

namespace carbon_spool {
namespace {

/// The inverse of `escaped` in carbon_lines.py.
std::string unescaped(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

struct Row {
  std::string difference;
  std::string line;
  std::string stored_by_carbon;
};

bool read_row(std::istream& file, Row& row) {
  return static_cast<bool>(std::getline(file, row.difference, '\t')) &&
         static_cast<bool>(std::getline(file, row.line, '\t')) &&
         static_cast<bool>(std::getline(file, row.stored_by_carbon));
}

TEST_CASE("lines fare as with carbon, but for the differences made on purpose", "[wire]") {
  std::ifstream file(PROJECT_SOURCE_DIR "/tests/wire/carbon_lines.txt");
  int rows = 0;
  for (Row row; read_row(file, row); ++rows) {
    INFO(row.difference << ": " << row.line);
    const std::string stored = unescaped(row.stored_by_carbon);
    const std::string ours = fate(unescaped(row.line));
    const bool refused = is_refusal(ours);
    if (row.difference == "same") {
      CHECK((refused ? "" : ours) == stored);
    } else if (row.difference == "stamped") {
      CHECK(stored.empty());
      CHECK((refused || ours.ends_with(" 1700000000")));
    } else {
      CHECK(refused);
    }
  }
  CHECK(rows > 700);
}

}  // namespace
}  // namespace carbon_spool
