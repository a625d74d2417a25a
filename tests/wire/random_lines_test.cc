#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lines.h"

namespace carbon_spool {
namespace {

// The rules once more, as plainly as can be, to judge the parser by.

std::optional<std::u32string> decoded(const std::string& line) {
  std::u32string text;
  for (std::size_t i = 0; i < line.size();) {
    const auto byte = [&](std::size_t n) -> char32_t {
      return i + n < line.size() ? static_cast<unsigned char>(line[i + n]) : 0;
    };
    const char32_t lead = byte(0);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const char32_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8) return std::nullopt;
    char32_t character = lead & masks[size];
    for (std::size_t n = 1; n < size; ++n) {
      if ((byte(n) & 0xc0) != 0x80) return std::nullopt;
      character = character * 64 + (byte(n) & 0x3f);
    }
    if (character < least[size] || character > 0x10ffff) return std::nullopt;
    if (character >= 0xd800 && character < 0xe000) return std::nullopt;
    text += character;
    i += size;
  }
  return text;
}

bool is_blank(char32_t character) {
  const std::u32string blanks =
      U"\t\v\f\r\x1c\x1d\x1e\x1f \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
      U"\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000" +
      std::u32string(1, 0x85);
  return blanks.find(character) != blanks.npos;
}

std::string encoded(char32_t character) {
  const auto byte = [](char32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (character < 0x80) return {byte(character)};
  const char tail = byte(0x80 + character % 64);
  if (character < 0x800) return {byte(0xc0 + character / 64), tail};
  const char middle = byte(0x80 + character / 64 % 64);
  if (character < 0x10000) return {byte(0xe0 + character / 4096), middle, tail};
  return {byte(0xf0 + character / 262144), byte(0x80 + character / 4096 % 64), middle, tail};
}

bool is_number(const std::string& text) {
  static const std::regex kNumber(R"([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)");
  return std::regex_match(text, kNumber) && std::isfinite(std::strtod(text.c_str(), nullptr));
}

bool is_long_path(const std::string& path) {
  static const std::regex kTagged(R"(.*;.*|.*\{.*"\})");
  static const std::regex kLongElement(R"((.*[./])?[^./]{251,}([./].*)?)");
  if (std::regex_match(path, kTagged)) return false;
  return path.size() > 4000 || std::regex_match(path, kLongElement);
}

std::string expected_fate(const std::string& line) {
  const auto text = decoded(line);
  if (!text) return "<bad_encoding>";
  std::vector<std::string> fields;
  bool in_field = false;
  for (const char32_t character : *text) {
    if (!is_blank(character)) {
      if (character < 0x20 || character == 0x7f) return "<bad_encoding>";
      if (!in_field) fields.emplace_back();
      fields.back() += encoded(character);
    }
    in_field = !is_blank(character);
  }
  if (fields.size() < 2) return "<no_value>";
  if (fields.size() > 3) return "<too_many_fields>";
  if (is_long_path(fields[0])) return "<path_too_long>";
  if (!is_number(fields[1])) return "<bad_value>";
  std::string stamp = fields.size() == 3 ? fields[2] : "N";
  if (stamp != "N") {
    if (!is_number(stamp)) return "<bad_timestamp>";
    const double seconds = std::trunc(std::strtod(stamp.c_str(), nullptr));
    if (seconds == -1) {
      stamp = "N";
    } else if (seconds < 1 || seconds > 4294967295.0) {
      return "<bad_timestamp>";
    }
  }
  return fields[0] + ' ' + fields[1] + ' ' + (stamp == "N" ? std::to_string(kNow) : stamp);
}

/// Lines that are good, nearly good, and neither.
class Lines {
 public:
  explicit Lines(std::uint32_t seed) : random_(seed) {}

  std::string next() {
    std::string line = below(10) == 0 ? blank() : "";
    const std::size_t fields = below(20) == 0 ? below(6) : 3;
    for (std::size_t i = 0; i < fields; ++i) line += (i == 0 ? "" : blank()) + field(i);
    if (below(10) == 0) line += blank();
    if (below(5) == 0) {
      for (std::size_t changes = 1 + below(3); changes > 0; --changes) change(line);
    }
    return line;
  }

  std::size_t below(std::size_t count) { return random_() % count; }

 private:
  using Texts = std::vector<std::string>;
  std::string one_of(const Texts& texts) { return texts[below(texts.size())]; }

  std::string blank() {
    if (below(3) != 0) return " ";
    return one_of({"\t", "  ", "\r", "\x1f", "\u0085", "\u2003", "\u3000", "\v \f", "\u00a0"});
  }

  std::string digits() {
    std::string text;
    for (std::size_t count = 1 + below(4); count > 0; --count)
      text += static_cast<char>('0' + below(10));
    return text;
  }

  std::string field(std::size_t index) {
    if (index == 0) return path();
    if (index == 1) {
      return one_of({"", "-", "+"}) + one_of({"", digits()}) + one_of({"", ".", "." + digits()}) +
             one_of({"", "", "", "e" + digits(), "E-" + digits(), "e308", "e+"});
    }
    return one_of({"1700000003", "1700000003", "1700000003", std::to_string(random_()), digits(),
                   "N", "-1", "17e8", "1700000003." + digits(), "-1." + digits(), "4294967296",
                   "1e-999", "1e999", "+5"});
  }

  std::string path() {
    std::string text;
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      text += one_of({"servers", "web01", "a", "é", "€", "\xf0\x9f\x98\x80", "\"", "x{", "=\"v\"}",
                      std::string(240 + below(20), 'l')});
      if (count > 1) text += one_of({".", ".", ".", "..", "/", below(5) == 0 ? ";t=" : "."});
    }
    return text;
  }

  void change(std::string& line) {
    const std::size_t at = below(line.size() + 1);
    auto byte = static_cast<char>(below(2) == 0 ? below(256) : 0x20 + below(96));
    if (byte == '\n') byte = 'n';
    if (at < line.size() && below(2) == 0) {
      line[at] = byte;
    } else {
      line.insert(at, 1, byte);
    }
  }

  std::mt19937 random_;
};

TEST_CASE("random lines fare as the plain rules say, however they are cut up", "[wire]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  Lines lines(seed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::string expected;
    std::size_t refused = 0;
    for (int i = 0; i < 50; ++i) {
      const std::string line = lines.next();
      INFO(line);
      const std::string line_fate = expected_fate(line);
      REQUIRE(fate(line) == line_fate);
      bytes += line + '\n';
      if (is_refusal(line_fate)) {
        ++refused;
      } else {
        expected += line_fate + '\n';
      }
    }

    std::string taken;
    std::size_t seen = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      seen = std::min(bytes.size(), std::max(at, seen) + lines.below(300));
      const Outcome outcome =
          parse(std::string_view(bytes).substr(at, seen - at), 2000 + lines.below(3000));
      taken += outcome.lines;
      refused -= outcome.refused_lines();
      at += outcome.parsed.consumed;
    }
    REQUIRE(taken == expected);
    REQUIRE(refused == 0);
  }
}

}  // namespace
}  // namespace carbon_spool
