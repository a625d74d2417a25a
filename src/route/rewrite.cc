#include "rewrite.h"

#include <algorithm>
#include <array>

namespace carbon_spool {
namespace {

constexpr int kGroups = 10;  ///< \0 … \9

char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}
char upper(char byte) {
  return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte;
}

}  // namespace

RE2::Options expression_options() {
  RE2::Options options(RE2::Quiet);
  options.set_log_errors(false);
  return options;
}

Result<std::unique_ptr<RE2>> Rewrite::compile_match(const std::string& match) {
  auto expression = std::make_unique<RE2>(match, expression_options());
  if (!expression->ok()) return Error{expression->error()};
  return expression;
}

Result<Rewrite> Rewrite::compile_replace(std::unique_ptr<RE2> match,
                                         const RewriteOptions& options) {
  Rewrite rewrite;
  rewrite.when_ = options.when;
  const std::string& text = options.replace;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) rewrite.pieces_.push_back({std::exchange(literal, {})});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) <= ' ' || text[i] == '\x7f') {
      return Error{"a name has no blanks and no control characters"};
    }
    if (text[i] != '\\') {
      literal += text[i];
      continue;
    }
    Piece piece;
    const auto next = [&] { return i + 1 < text.size() ? text[i + 1] : '\0'; };
    if (next() == '\\') {
      literal += text[++i];
      continue;
    }
    if (next() == '_' || next() == '^') piece.letters = text[++i];
    if (next() == '.') piece.flatten = static_cast<bool>(text[++i]);
    if (next() < '0' || next() > '9') {
      return Error{"expected a digit after the backslash: \\1 is the first group"};
    }
    piece.group = text[++i] - '0';
    if (piece.group > match->NumberOfCapturingGroups()) {
      return Error{"there is no group " + std::to_string(piece.group) + " in the expression"};
    }
    end_literal();
    rewrite.pieces_.push_back(std::move(piece));
  }
  end_literal();
  rewrite.match_ = std::move(match);
  return rewrite;
}

void Rewrite::append(std::string_view text, const Piece& piece, std::string& result) {
  for (char byte : text) {
    if (piece.letters == '_') byte = lower(byte);
    if (piece.letters == '^') byte = upper(byte);
    result += piece.flatten && byte == '.' ? '_' : byte;
  }
}

bool Rewrite::apply(std::string_view name, std::size_t most, std::string& result) const {
  std::array<re2::StringPiece, kGroups> groups;
  const int wanted = std::min(kGroups, match_->NumberOfCapturingGroups() + 1);
  const re2::StringPiece text(name.data(), name.size());
  if (!match_->Match(text, 0, name.size(), RE2::UNANCHORED, groups.data(), wanted)) return false;

  const auto before = static_cast<std::size_t>(groups[0].data() - name.data());
  result = name.substr(0, before);
  for (const Piece& piece : pieces_) {
    if (piece.group < 0) {
      result += piece.text;
    } else {
      const re2::StringPiece& group = groups[static_cast<std::size_t>(piece.group)];
      append({group.data(), group.size()}, piece, result);
    }
    if (result.size() > most) return false;
  }
  result += name.substr(before + groups[0].size());
  return !result.empty() && result.size() <= most;
}

}  // namespace carbon_spool
