#include "line_fields.h"

#include "printable.h"

namespace carbon_spool {
namespace {

enum class PieceKind { Text, Blank, Invalid };

/// A run of printable ASCII, or one other character.
struct Piece {
  PieceKind kind;
  std::ptrdiff_t size;
};

constexpr Piece kInvalid{PieceKind::Invalid, 0};

/// The control characters that Python's str.split() splits at.
bool is_ascii_blank(unsigned char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r' && byte != '\n') ||
         (byte >= 0x1c && byte <= 0x1f);
}

/// The same beyond ASCII.
bool is_wide_blank(char32_t character) {
  switch (character) {
    case 0x0085:
    case 0x00a0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
      return true;
    default:
      return character >= 0x2000 && character <= 0x200a;
  }
}

/// The character of two to four bytes that begins at `at`.
Piece wide_piece(const char* at, const char* end) {
  const auto lead = static_cast<unsigned char>(*at);
  const int size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || end - at < size) return kInvalid;

  char32_t character = lead & (0x7fu >> size);
  for (int i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    if ((byte & 0xc0u) != 0x80) return kInvalid;
    character = character << 6 | (byte & 0x3fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kLeast[size] || character > 0x10ffff || surrogate) return kInvalid;

  return {is_wide_blank(character) ? PieceKind::Blank : PieceKind::Text, size};
}

Piece piece_at(const char* at, const char* end) {
  const auto byte = static_cast<unsigned char>(*at);
  if (is_ascii_blank(byte)) return {PieceKind::Blank, 1};
  if (byte >= 0x80) return wide_piece(at, end);
  const char* const run_end = skip_printable(at, end);
  return run_end == at ? kInvalid : Piece{PieceKind::Text, run_end - at};
}

}  // namespace

LineFields split_fields(std::string_view line) {
  LineFields fields;
  const char* field = nullptr;  // where the one that is being read began
  const auto finish_field = [&](const char* field_end) {
    if (field == nullptr) return;
    if (fields.count < LineFields::kMost) {
      fields.field[fields.count] = {field, static_cast<std::size_t>(field_end - field)};
    }
    ++fields.count;
    field = nullptr;
  };

  const char* at = line.data();
  const char* const end = at + line.size();
  while (at != end) {
    const Piece piece = piece_at(at, end);
    if (piece.kind == PieceKind::Invalid) return {};
    if (piece.kind == PieceKind::Blank) {
      finish_field(at);
    } else if (field == nullptr) {
      field = at;
    }
    at += piece.size;
  }
  finish_field(end);
  fields.well_encoded = true;
  return fields;
}

}  // namespace carbon_spool
