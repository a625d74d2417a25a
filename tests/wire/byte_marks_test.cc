#include "byte_marks.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

struct Marked {
  std::vector<std::size_t> ends;
  std::vector<bool> no_digit;

  friend bool operator==(const Marked&, const Marked&) = default;
};

Marked mark(MarkBytes marker, const std::string& text) {
  // Of the exact size, unlike a string, so that the address sanitizer sees every step beyond.
  const std::vector<char> bytes(text.begin(), text.end());
  ByteMarks marks;
  marker({bytes.data(), bytes.size()}, marks);
  Marked marked;
  marked.ends.assign(marks.end_at.begin(),
                     marks.end_at.begin() + static_cast<std::ptrdiff_t>(marks.ends));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    marked.no_digit.push_back((marks.no_digits_from(at) & 1) != 0);
  }
  return marked;
}

/// The rules once more.
Marked expected_marks(const std::string& text) {
  Marked marked;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x21 || byte > 0x7e) marked.ends.push_back(at);
    marked.no_digit.push_back(byte < '0' || byte > '9');
  }
  return marked;
}

TEST_CASE("every byte is marked for what it is, whichever instructions look at it", "[wire]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(static_cast<unsigned char>(byte));
  for (std::size_t shift = 0; shift < 64; ++shift) {
    const std::string text = std::string(shift, '0') + all;
    for (const MarkBytes marker : byte_markers())
      REQUIRE(mark(marker, text) == expected_marks(text));
  }
}

TEST_CASE("as many bytes as there are are marked, and no more are looked at", "[wire]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    // Few ends as in lines, and nothing else.
    const unsigned ends_in_16 = round % 3 == 0 ? 16 : 1;
    const std::size_t most = round % 5 == 0 ? ByteMarks::kMostBytes : 200;
    std::string text(random() % (most + 1), '\0');
    for (char& byte : text) {
      byte = static_cast<char>(random() % 16 < ends_in_16 ? random() % 256 : '.' + random() % 20);
    }
    for (const MarkBytes marker : byte_markers())
      REQUIRE(mark(marker, text) == expected_marks(text));
  }
}

TEST_CASE("bytes that all end something have room", "[wire]") {
  const std::string text(ByteMarks::kMostBytes, '\n');
  for (const MarkBytes marker : byte_markers()) REQUIRE(mark(marker, text) == expected_marks(text));
}

}  // namespace
}  // namespace carbon_spool
