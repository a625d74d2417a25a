#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/daemon/import.h"

#include "relay_config.h"

namespace carbon_spool {

/// Writes the statements of carbon-c-relay as TOML, one after another.
class RelayTranslation {
 public:
  explicit RelayTranslation(const std::vector<RelayStatement>& statements);

  Result<void> translate();
  Imported take() { return {std::move(toml_), std::move(notes_)}; }

 private:
  Result<void> write(std::size_t index);
  Result<void> write_cluster(const RelayPlace& place, const RelayCluster& cluster);
  Result<std::string> destination_of(const RelayPlace& place, const RelayServer& server);
  void note_server(const RelayPlace& place, const RelayServer& server);
  void write_ring(const RelayCluster& cluster, const std::vector<std::string>& members);
  void write_match(const RelayPlace& place, const RelayMatch& match);
  void note_clauses(const RelayPlace& place, const RelayMatch& match);
  std::vector<std::string> targets_of(const RelayPlace& place, const RelayMatch& match);
  void write_rewrite(std::size_t index, const RelayRewrite& rewrite);
  void note_order(std::size_t index, const RelayRewrite& rewrite);
  void note_groups(const RelayPlace& place, const RelayRewrite& rewrite,
                   const std::string& missing);
  void write_listener(const RelayPlace& place, const RelayListener& listener);
  void write_default_listener();
  void write_input(const std::vector<std::string>& listen);
  void write_other(const RelayPlace& place, const RelayOther& other);

  /// In RE2's syntax, and tried; none: noted why not.
  std::optional<std::string> expression(const RelayPlace& place, const std::string& text);
  void note(const RelayPlace& place, const std::string& what);
  void from(const RelayPlace& place);
  void line(const std::string& key, const std::string& value);
  std::string unused_name(const std::string& wanted);

  const std::vector<RelayStatement>& statements_;
  std::string toml_;
  std::vector<ImportNote> notes_;
  std::set<std::string> names_{"drop"};                      // that are taken
  std::map<std::string, RelayServer> servers_;               // by name of the destination
  std::map<std::string, std::vector<std::string>> targets_;  // of a cluster, for `to`
  std::size_t inputs_ = 0;
  std::size_t routes_ = 0;
};

}  // namespace carbon_spool
