#pragma once

#include <string>

namespace carbon_spool {

/// A terminal's alternate screen, on standard output: what was there before comes back at the end.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Shows the page in place of the one before, cut to the terminal's height. The first line and
  /// those that begin with `!` are bold.
  void show(const std::string& page) const;
};

/// Writes all of `text` to standard output at once. False if nobody reads it any more.
bool print(const std::string& text);

}  // namespace carbon_spool
