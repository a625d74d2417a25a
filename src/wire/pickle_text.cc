#include "pickle_text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace carbon_spool {
namespace {

/// Exactly `digits` digits of `text` as a number; negative: they are not all there.
std::int64_t digits_at(std::string_view text, std::size_t at, std::size_t digits, int base) {
  if (text.size() < at + digits) return -1;
  std::uint32_t number = 0;
  const char* const begin = text.data() + at;
  const auto [end, problem] = std::from_chars(begin, begin + digits, number, base);
  return problem == std::errc() && end == begin + digits ? std::int64_t{number} : -1;
}

void append_utf8(std::uint32_t character, std::string& out) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (character < 0x80) {
    byte(character);
  } else if (character < 0x800) {
    byte(0xc0 | character >> 6);
    byte(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    byte(0xe0 | character >> 12);
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  } else {
    byte(0xf0 | (character >> 18 & 0x07));
    byte(0x80 | (character >> 12 & 0x3f));
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  }
}

/// One escape of bytes at `at`, which is behind the backslash. Returns how much of it was used.
std::size_t append_escape(std::string_view text, std::size_t at, std::string& out) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv";
  constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  const char letter = text[at];
  if (const std::size_t known = kLetters.find(letter); known != kLetters.npos) {
    out += kMeanings[known];
    return 1;
  }
  if (letter == 'x') {
    if (const std::int64_t byte = digits_at(text, at + 1, 2, 16); byte >= 0) {
      out += static_cast<char>(byte);
      return 3;
    }
  }
  for (std::size_t digits = 3; digits > 0; --digits) {
    if (const std::int64_t byte = digits_at(text, at, digits, 8); byte >= 0) {
      out += static_cast<char>(byte);
      return digits;
    }
  }
  out += '\\';  // what is no escape stays as it is
  out += letter;
  return 1;
}

/// A character of raw-unicode-escape at `at`, which is moved behind it; negative: cut short.
std::int64_t take_character(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at++]);
  const bool escape = byte == '\\' && at < text.size() && (text[at] == 'u' || text[at] == 'U');
  if (!escape) return byte;
  const std::size_t digits = text[at] == 'u' ? 4 : 8;
  const std::int64_t character = digits_at(text, at + 1, digits, 16);
  at += 1 + digits;
  return character;
}

}  // namespace

bool append_quoted(std::string_view line, std::string& out) {
  const bool quoted = line.size() >= 2 && (line.front() == '\'' || line.front() == '"') &&
                      line.back() == line.front();
  if (!quoted) return false;
  const std::string_view text = line.substr(1, line.size() - 2);
  for (std::size_t at = 0; at < text.size();) {
    const char byte = text[at++];
    if (byte == '\\' && at < text.size()) {
      at += append_escape(text, at, out);
    } else {
      out += byte;
    }
  }
  return true;
}

bool is_plain_unicode(std::string_view line) {
  return std::ranges::none_of(line, [](char byte) {
    return byte == '\\' || (static_cast<unsigned char>(byte) & 0x80u) != 0;
  });
}

bool append_raw_unicode(std::string_view line, std::string& out) {
  for (std::size_t at = 0; at < line.size();) {
    std::int64_t character = take_character(line, at);
    if (character < 0 || character > 0x10ffff) return false;
    if (character >= 0xd800 && character <= 0xdbff && at < line.size()) {
      std::size_t behind = at;
      const std::int64_t low = take_character(line, behind);
      if (low >= 0xdc00 && low <= 0xdfff) {
        character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
        at = behind;
      }
    }
    append_utf8(static_cast<std::uint32_t>(character), out);
  }
  return true;
}

}  // namespace carbon_spool
