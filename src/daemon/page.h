#pragma once

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>

namespace carbon_spool {

/// A title on the left, paragraphs indented beside it.
class Page {
 public:
  void title(std::string text) { title_ = std::move(text); }

  /// One paragraph, wrapped between words.
  void add(const std::string& text) {
    std::istringstream words(text);
    std::string line;
    for (std::string word; words >> word;) {
      const bool full = !line.empty() && kIndent + line.size() + 1 + word.size() > kLineWidth;
      if (full) write(std::exchange(line, ""));
      line += (line.empty() ? "" : " ") + word;
    }
    write(line);
  }

  [[nodiscard]] std::string text() const { return text_; }

 private:
  static constexpr std::size_t kIndent = 13;
  static constexpr std::size_t kLineWidth = 100;

  void write(const std::string& line) {
    text_ += title_ + std::string(kIndent - std::min(kIndent, title_.size()), ' ') + line + '\n';
    title_.clear();
  }

  std::string title_;
  std::string text_;
};

}  // namespace carbon_spool
