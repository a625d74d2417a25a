#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

// What a parser keeps beyond a crash, as a text: a first line with the parser's name and a version,
// then fields with a blank behind each. A text is `LENGTH:bytes`, a whole number is decimal, a
// number is what `std::to_chars` makes of it, so that it reads back to the same.

class SavedWriter {
 public:
  /// `kind`: the first line, without its end.
  explicit SavedWriter(std::string_view kind);

  void text(std::string_view text);
  void whole(std::uint64_t number);
  void signed_whole(std::int64_t number);
  void number(double number);

  [[nodiscard]] std::string take() { return std::move(saved_); }

 private:
  std::string saved_;
};

/// Reads the fields in the order in which they were written. What is damaged reads as nothing from
/// there on, and `finish` fails.
class SavedReader {
 public:
  SavedReader(std::string_view kind, std::string_view saved);

  [[nodiscard]] std::string_view text();
  [[nodiscard]] std::uint64_t whole();
  [[nodiscard]] std::int64_t signed_whole();
  [[nodiscard]] double number();

  /// How often something is to be read that takes two bytes at least: never more than there is.
  [[nodiscard]] std::uint64_t count();

  /// Fails if it is damaged, or if something is left over.
  [[nodiscard]] Result<void> finish() const;

 private:
  template <class T>
  T read();
  void damage();

  std::string_view rest_;
  bool whole_ = true;
};

}  // namespace carbon_spool
