#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "import_tokens.h"
#include "relay_config.h"

namespace carbon_spool {

/// Reads one file; the first error ends it.
class RelayParser {
 public:
  RelayParser(std::string file, std::string_view text, std::size_t depth,
              std::vector<RelayStatement>& statements)
      : file_(std::move(file)), depth_(depth), tokens_(text), statements_(statements) {}

  /// False: `error()` says why.
  bool parse();

  [[nodiscard]] const Error& error() const { return error_; }

 private:
  bool parse_statement();
  bool parse_cluster(RelayCluster& cluster);
  bool parse_kind(RelayCluster& cluster);
  bool parse_server(RelayCluster& cluster);
  bool parse_server_options(RelayServer& server);
  bool parse_match(RelayMatch& match);
  bool parse_match_clauses(RelayMatch& match);
  bool parse_targets(RelayMatch& match);
  bool parse_rewrite(RelayRewrite& rewrite);
  bool parse_listener(RelayListener& listener);
  bool parse_listener_place(RelayListener& listener);
  bool parse_transport(std::string& transport, bool& ssl, bool with_key);
  bool parse_include();
  bool read_over(const std::string& until);

  [[nodiscard]] bool at_end_of_statement() const { return tokens_.next().is_symbol(';'); }
  [[nodiscard]] bool knows_cluster(const std::string& name) const;
  /// Both note the error and are false.
  bool expected(const std::string& what);
  bool fail(std::size_t line, const std::string& message);
  /// Takes the keyword if it is next.
  bool accept(std::string_view keyword);
  bool expect(std::string_view keyword);
  bool text(const std::string& what, std::string& target);
  bool check_expression(std::size_t line, const std::string& expression);

  std::string file_;
  std::size_t depth_;
  ImportTokens tokens_;
  std::vector<RelayStatement>& statements_;
  Error error_;
};

/// Reads a file whose includes are that deep already.
[[nodiscard]] Result<void> read_relay_file(const std::string& file, std::size_t depth,
                                           std::vector<RelayStatement>& statements);

}  // namespace carbon_spool
