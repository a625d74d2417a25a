#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// A configuration of carbon-c-relay as it is written, includes put in their places.

struct RelayPlace {
  std::string file;
  std::size_t line = 1;
};

/// `file:line`
[[nodiscard]] std::string to_string(const RelayPlace& place);

struct RelayServer {
  std::size_t line = 1;
  std::string host;  ///< as written, IPv6 without brackets
  std::uint16_t port = 2003;
  std::string instance;  ///< empty: none
  bool udp = false;
  std::string transport = "plain";
  bool ssl = false;
};

struct RelayCluster {
  std::string name;
  std::string kind;  ///< forward, any_of, …
  bool useall = false;
  bool dynamic = false;
  std::uint32_t replication = 1;
  std::vector<RelayServer> servers;
  std::vector<std::string> paths;  ///< of a file cluster
};

struct RelayMatch {
  std::vector<std::string> expressions;  ///< "*" alone: every point
  std::string validate;                  ///< empty: no such clause
  bool validate_logs = false;
  std::string route_using;  ///< empty: no such clause
  std::vector<std::string> to;
  bool blackhole = false;
  bool stop = false;
};

struct RelayRewrite {
  std::string expression;
  std::string replacement;
};

struct RelayListener {
  struct Place {
    std::string protocol;  ///< tcp, udp or unix
    std::string host;      ///< empty: all of them
    std::uint16_t port = 0;
    std::string path;
  };
  std::string transport = "plain";
  bool ssl = false;
  std::vector<Place> places;
};

/// What is read over: aggregate, statistics.
struct RelayOther {
  std::string what;
};

struct RelayStatement {
  RelayPlace place;
  std::variant<RelayCluster, RelayMatch, RelayRewrite, RelayListener, RelayOther> is;
};

/// Fails with `file:line: expected …, found …`.
[[nodiscard]] Result<std::vector<RelayStatement>> read_relay_config(const std::string& file);

/// A server's or listener's `host:port`, `host`, `[v6]:port`.
struct RelayAddress {
  std::string host;
  std::uint16_t port = 2003;
};
[[nodiscard]] Result<RelayAddress> parse_relay_address(const std::string& text);

}  // namespace carbon_spool
