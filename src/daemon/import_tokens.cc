#include "import_tokens.h"

#include <utility>

namespace carbon_spool {
namespace {

bool is_word_byte(char byte) {
  constexpr std::string_view kOthers = "[](){}|\\^?*$&%<>:/,._+-";
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || kOthers.find(byte) != std::string_view::npos;
}

}  // namespace

std::string describe(const ImportToken& token) {
  switch (token.kind) {
    case ImportToken::Kind::End:
      return "the end of the file";
    case ImportToken::Kind::Broken:
      return token.text;
    case ImportToken::Kind::Quoted:
      return '"' + token.text + '"';
    case ImportToken::Kind::Word:
    case ImportToken::Kind::Symbol:
      break;
  }
  return "'" + token.text + "'";
}

ImportTokens::ImportTokens(std::string_view text) : text_(text) {
  read();
}

ImportToken ImportTokens::take() {
  ImportToken taken = std::move(next_);
  read();
  return taken;
}

void ImportTokens::skip_blanks() {
  for (; at_ < text_.size(); ++at_) {
    const char byte = text_[at_];
    if (byte == '#') {
      at_ = text_.find('\n', at_);
      if (at_ == std::string_view::npos) {
        at_ = text_.size();
        return;
      }
    } else if (byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n') {
      return;
    }
    if (text_[at_] == '\n') ++line_;
  }
}

void ImportTokens::read() {
  skip_blanks();
  next_ = {ImportToken::Kind::End, "", line_};
  if (at_ == text_.size()) return;
  if (text_[at_] == '"') {
    read_quoted();
  } else if (is_word_byte(text_[at_])) {
    read_word();
  } else {
    next_.kind = ImportToken::Kind::Symbol;
    next_.text = text_[at_++];
  }
}

/// A backslash stands for the byte after it, whatever it is.
void ImportTokens::read_quoted() {
  for (++at_; at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '"'; ++at_) {
    const bool escaped = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
    if (escaped) ++at_;
    next_.text += text_[at_];
  }
  next_.kind = ImportToken::Kind::Quoted;
  if (at_ == text_.size() || text_[at_] == '\n') {
    next_ = {ImportToken::Kind::Broken, "a string without its closing quote", line_};
    return;
  }
  ++at_;
  if (next_.text.empty()) next_ = {ImportToken::Kind::Broken, "an empty string", line_};
  // The C library would see no more of an expression than what is before it.
  if (next_.text.find('\0') != std::string::npos) {
    next_ = {ImportToken::Kind::Broken, "a string with a zero byte", line_};
  }
}

/// A backslash and a blank go on with the word if another byte of it follows.
void ImportTokens::read_word() {
  next_.kind = ImportToken::Kind::Word;
  while (at_ < text_.size()) {
    const bool blank = text_[at_] == ' ' && text_[at_ - 1] == '\\' && at_ + 1 < text_.size() &&
                       is_word_byte(text_[at_ + 1]) && next_.text.size() > 1;
    if (!blank && !is_word_byte(text_[at_])) return;
    next_.text += text_[at_++];
  }
}

}  // namespace carbon_spool
