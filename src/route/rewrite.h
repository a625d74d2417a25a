#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "carbon_spool/base/result.h"
#include "carbon_spool/route/routing_options.h"

namespace carbon_spool {

/// The options of every expression: errors are returned, not logged.
[[nodiscard]] RE2::Options expression_options();

/// One rewrite, compiled. Immutable. Threads: any.
class Rewrite {
 public:
  /// Both fail with what is wrong; the two are apart so that it is known which of them.
  [[nodiscard]] static Result<std::unique_ptr<RE2>> compile_match(const std::string& match);
  [[nodiscard]] static Result<Rewrite> compile_replace(std::unique_ptr<RE2> match,
                                                       const RewriteOptions& options);

  [[nodiscard]] RewriteOptions::When when() const { return when_; }

  /// Writes the new name to `result`, which `name` must not point into; false if nothing is found,
  /// or the new name would be empty or longer than `most` bytes.
  [[nodiscard]] bool apply(std::string_view name, std::size_t most, std::string& result) const;

 private:
  struct Piece {
    std::string text;      ///< of a literal
    int group = -1;        ///< or a group; -1: a literal
    char letters = 0;      ///< '_': to lower case, '^': to upper case
    bool flatten = false;  ///< dots to underscores
  };

  Rewrite() = default;
  static void append(std::string_view text, const Piece& piece, std::string& result);

  std::unique_ptr<RE2> match_;
  std::vector<Piece> pieces_;
  RewriteOptions::When when_ = RewriteOptions::When::Before;
};

}  // namespace carbon_spool
