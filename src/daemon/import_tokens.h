#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carbon_spool {

/// One word of a carbon-c-relay configuration.
struct ImportToken {
  enum class Kind {
    Word,    ///< a keyword, a name, a number, an expression
    Quoted,  ///< the same in quotes: never a keyword
    Symbol,  ///< `;`, `=`, or a byte that may stand nowhere
    Broken,  ///< a string without its end; `text` says so
    End,
  };

  Kind kind = Kind::End;
  std::string text;
  std::size_t line = 1;

  [[nodiscard]] bool is(std::string_view keyword) const {
    return kind == Kind::Word && text == keyword;
  }
  [[nodiscard]] bool is_symbol(char symbol) const {
    return kind == Kind::Symbol && text.front() == symbol;
  }
  [[nodiscard]] bool is_text() const { return kind == Kind::Word || kind == Kind::Quoted; }
};

/// What an error says it found.
[[nodiscard]] std::string describe(const ImportToken& token);

/// Cuts a text into tokens. Blanks and comments (`#` to the end of the line, unless in quotes)
/// separate them.
class ImportTokens {
 public:
  explicit ImportTokens(std::string_view text);

  [[nodiscard]] const ImportToken& next() const { return next_; }
  ImportToken take();

 private:
  void skip_blanks();
  void read();
  void read_quoted();
  void read_word();

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  ImportToken next_;
};

}  // namespace carbon_spool
