#include "relay_expression.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <regex.h>

namespace carbon_spool {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

bool is_word(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         byte == '_';
}

/// The C library's, which is carbon-c-relay's, too.
class PosixExpression {
 public:
  explicit PosixExpression(const std::string& text)
      : problem_(::regcomp(&compiled_, text.c_str(), REG_EXTENDED)) {}
  ~PosixExpression() {
    if (problem_ == 0) ::regfree(&compiled_);
  }
  PosixExpression(const PosixExpression&) = delete;
  PosixExpression& operator=(const PosixExpression&) = delete;

  [[nodiscard]] std::optional<std::string> problem() const {
    if (problem_ == 0) return std::nullopt;
    std::array<char, 200> text{};
    ::regerror(problem_, &compiled_, text.data(), text.size());
    return text.data();
  }
  [[nodiscard]] std::size_t groups() const { return problem_ == 0 ? compiled_.re_nsub : 0; }

 private:
  regex_t compiled_{};
  int problem_;
};

bool begins_either(const std::string& one, const std::string& other) {
  return one.starts_with(other) || other.starts_with(one);
}

bool all_differ(const std::vector<std::string>& beginnings) {
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (begins_either(beginnings[i], beginnings[j])) return false;
    }
  }
  return true;
}

/// Behind the byte at `at`, or what belongs together there: an escaped byte, brackets.
std::size_t end_of_brackets(const std::string& expression, std::size_t at) {
  if (expression[at] == '\\') return std::min(at + 2, expression.size());
  if (expression[at] != '[') return at + 1;
  ++at;
  if (expression[at] == '^') ++at;
  for (bool first = true; first || expression[at] != ']'; first = false) {
    const bool is_class = expression[at] == '[' && expression[at + 1] == ':';
    at = is_class ? expression.find(":]", at) + 2 : at + 1;
  }
  return at + 1;
}

/// Walks over an expression that regcomp took, and writes it anew for RE2.
class Translator {
 public:
  explicit Translator(std::string_view from) : from_(from) {}

  Result<std::string> translate() {
    while (at_ < from_.size() && missing_.empty()) step();
    if (!missing_.empty()) return Error{missing_};
    return std::move(to_);
  }

 private:
  void step() {
    const char byte = from_[at_];
    switch (byte) {
      case '\\':
        return escape();
      case '[':
        return brackets();
      case '(':
        begin_atom();
        groups_.push_back(to_.size());
        to_ += byte;
        ++at_;
        return;
      case ')':
        return close();
      case '*':
      case '+':
      case '?':
        ++at_;
        return repeat(std::string(1, byte));
      case '{':
        return interval();
      case '|':
      case '^':
      case '$':
      case '.':
        begin_atom();
        to_ += byte;
        ++at_;
        return;
      default:
        ++at_;
        return literal(byte);
    }
  }

  void begin_atom() {
    atom_ = to_.size();
    repeated_ = false;
  }

  void literal(char byte) {
    begin_atom();
    if ((static_cast<unsigned char>(byte) & 0x80) != 0) {
      missing_ = "a byte that is not ASCII";
    } else if (!is_word(byte)) {
      to_ += '\\';
    }
    to_ += byte;
  }

  /// What has no group to end is a text.
  void close() {
    ++at_;
    if (groups_.empty()) return literal(')');
    begin_atom();
    atom_ = groups_.back();
    groups_.pop_back();
    to_ += ')';
  }

  /// A second repetition of the same would make the first one lazy, or be refused.
  void repeat(const std::string& times) {
    if (repeated_) {
      to_.insert(atom_, "(?:");
      to_ += ')';
    }
    to_ += times;
    repeated_ = true;
  }

  void interval() {
    const std::size_t end = from_.find('}', at_);
    if (end == std::string_view::npos) {
      missing_ = "a brace without its other";
      return;
    }
    std::string times(from_.substr(at_, end - at_ + 1));
    if (times.starts_with("{,")) times.insert(1, "0");
    at_ = end + 1;
    repeat(times);
  }

  void escape() {
    const char byte = at_ + 1 < from_.size() ? from_[at_ + 1] : '\\';
    at_ += 2;
    if (byte >= '1' && byte <= '9') {
      missing_ = "a back reference";
    } else if (byte == '<' || byte == '>') {
      missing_ = std::string("the edge of a word, \\") + byte;
    } else if (std::string_view("wWsSbB").find(byte) != std::string_view::npos) {
      begin_atom();
      to_ += {'\\', byte};
    } else if (byte == '`' || byte == '\'') {
      begin_atom();
      to_ += byte == '`' ? "\\A" : "\\z";
    } else {
      literal(byte);
    }
  }

  /// A backslash is a text in there, and a bracket at the front.
  void brackets() {
    begin_atom();
    to_ += '[';
    ++at_;
    if (from_[at_] == '^') to_ += from_[at_++];
    for (bool first = true; missing_.empty() && (first || from_[at_] != ']'); first = false) {
      element();
    }
    to_ += ']';
    ++at_;
  }

  void element() {
    const char byte = from_[at_];
    const char next = from_[at_ + 1];
    if (byte == '[' && next == ':') {
      const std::size_t end = from_.find(":]", at_);
      to_ += from_.substr(at_, end + 2 - at_);
      at_ = end + 2;
    } else if (byte == '[' && (next == '.' || next == '=')) {
      missing_ = "a collating element, [" + std::string(1, next);
    } else if ((static_cast<unsigned char>(byte) & 0x80) != 0) {
      missing_ = "a byte that is not ASCII";
    } else if (byte == '-' && next != ']' && to_.back() != '[' && to_.back() != '^') {
      to_ += byte;  // a range
      ++at_;
    } else {
      if (!is_word(byte)) to_ += '\\';
      to_ += byte;
      ++at_;
    }
  }

  std::string_view from_;
  std::size_t at_ = 0;
  std::string to_;
  std::size_t atom_ = 0;  // where in to_ what is repeated begins
  bool repeated_ = false;
  std::vector<std::size_t> groups_;  // where in to_ those begin that are open
  std::string missing_;
};

}  // namespace

std::optional<std::string> problem_of_expression(const std::string& expression) {
  if (expression == "*") return std::nullopt;
  return PosixExpression(expression).problem();
}

std::size_t groups_of_expression(const std::string& expression) {
  return PosixExpression(expression).groups();
}

bool is_plain_text(const std::string& expression) {
  std::size_t at = expression.starts_with('^') ? 1 : 0;
  for (; at < expression.size(); ++at) {
    const char byte = expression[at];
    if (byte == '$' && at + 1 == expression.size()) return true;
    if (byte == '\\') {
      ++at;
      constexpr std::string_view kMayBeEscaped = "\\.^*+";
      if (at == expression.size() || kMayBeEscaped.find(expression[at]) == std::string_view::npos) {
        return false;
      }
    } else if (!is_word(byte) && byte != '-') {
      return false;
    }
  }
  return true;
}

bool exclude_each_other(const std::string& beginning, const std::string& other) {
  return !begins_either(beginning, other);
}

std::string certain_beginning(const std::string& expression) {
  std::string beginning;
  if (!expression.starts_with('^') || expression.find('|') != std::string::npos) return beginning;
  for (std::size_t at = 1; at < expression.size(); ++at) {
    const char byte = expression[at];
    const bool escaped = byte == '\\' && at + 1 < expression.size() && expression[at + 1] == '.';
    if (!escaped && !is_word(byte) && byte != '-') {
      // What is repeated may be missing.
      constexpr std::string_view kRepeats = "*?{+";
      if (kRepeats.find(byte) != std::string_view::npos && !beginning.empty()) beginning.pop_back();
      break;
    }
    beginning += escaped ? '.' : byte;
    if (escaped) ++at;
  }
  return beginning;
}

Result<std::string> translate_expression(const std::string& expression) {
  return Translator(expression).translate();
}

bool may_match_longer(const std::string& expression) {
  if (expression.find('|') == std::string::npos) return false;
  std::vector<std::vector<std::string>> open(1);  // alternatives of each group that is open
  open.back().emplace_back();
  const auto ambiguous = [](const std::vector<std::string>& alternatives) {
    std::vector<std::string> beginnings;
    beginnings.reserve(alternatives.size());
    for (const std::string& each : alternatives) {
      beginnings.push_back(certain_beginning(each.starts_with('^') ? each : '^' + each));
    }
    return alternatives.size() > 1 && !all_differ(beginnings);
  };
  bool found = false;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    const std::size_t end = end_of_brackets(expression, at);
    std::string piece = expression.substr(at, end - at);
    if (piece == "(") {
      open.emplace_back().emplace_back();
    } else if (piece == ")" && open.size() > 1) {
      found = found || ambiguous(open.back());
      open.pop_back();
      open.back().back() += "()";
    } else if (piece == "|") {
      open.back().emplace_back();
    } else {
      open.back().back() += piece;
    }
    at = end - 1;
  }
  found = found || ambiguous(open.front());
  // Where all of it goes to the end of the name, both end at the same place.
  const bool to_the_end =
      open.front().size() == 1 && !expression.ends_with("\\$") &&
      (expression.ends_with('$') || expression.ends_with(".*") || expression.ends_with("(.*)"));
  return found && !to_the_end;
}

RelayReplacement translate_replacement(const std::string& replacement, std::size_t groups) {
  // As carbon-c-relay reads it, byte by byte: what changes a group goes on to one that follows
  // without a text between, and a changer behind a number is a text.
  enum class At { Text, Escape, Number } state = At::Text;
  std::string changer;
  std::string number;
  std::string result;
  std::string missing;
  const auto end_number = [&] {
    if (number.empty()) return;
    const std::size_t first = number.find_first_not_of('0');
    const std::string significant = first == std::string::npos ? "" : number.substr(first);
    number.clear();
    if (significant.empty()) return;  // \0 is nothing there
    if (significant.size() > 1 || static_cast<std::size_t>(significant[0] - '0') > groups) {
      missing = '\\' + significant;
    } else {
      result += '\\' + changer + significant;
    }
  };
  for (const char byte : replacement) {
    if (byte == '\\') {
      end_number();
      if (state == At::Text) {
        changer.clear();
        state = At::Escape;
      }
    } else if (state == At::Escape && (byte == '_' || byte == '^') && changer.empty()) {
      changer = byte;
    } else if (state == At::Escape && byte == '.' && changer.find('.') == std::string::npos) {
      changer += byte;
    } else if (state != At::Text && is_digit(byte)) {
      state = At::Number;
      number += byte;
    } else {
      end_number();
      state = At::Text;
      result += byte;
    }
  }
  end_number();
  return {result, missing};
}

}  // namespace carbon_spool
